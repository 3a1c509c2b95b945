/** Specific gas constant of water vapour, J/(g·K). */
const VAPOUR_GAS_CONSTANT = 0.4615;

/**
 * The most water vapour that air can hold.
 * Saturation pressure by the Magnus formula with the coefficients of Alduchov and Eskridge (1996), "Improved Magnus
 * Form Approximation of Saturation Vapor Pressure", eq. 21: within 0.4 % from -40 °C to 50 °C.
 * @param temperature °C.
 * @returns g/m³.
 */
export function saturationVapour(temperature: number): number {
  const pascal = 610.94 * Math.exp((17.625 * temperature) / (temperature + 243.04));
  return pascal / (VAPOUR_GAS_CONSTANT * (temperature + 273.15));
}

/**
 * @param vapour g/m³.
 * @param temperature °C.
 * @returns relative humidity, 0…100 %.
 */
export function relativeHumidity(vapour: number, temperature: number): number {
  return Math.min(100, Math.max(0, (100 * vapour) / saturationVapour(temperature)));
}

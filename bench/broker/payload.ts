/** What a sensor says, about as long as most of them. */
export const PAYLOAD = Buffer.from('{"temperature":21.5,"unit":"°C"}');

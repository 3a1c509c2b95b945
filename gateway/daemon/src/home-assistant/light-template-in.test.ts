import { describe, expect, test } from "vitest";
import { entity, reading, writing } from "./testing/one-entity.ts";

describe("a light with templates", () => {
  // After https://www.home-assistant.io/integrations/light.mqtt/#template-schema.
  const config = {
    schema: "template",
    name: "Strip",
    command_topic: "strip/set",
    state_topic: "strip",
    command_on_template:
      "on,{{ brightness|d }},{{ red|d }}-{{ green|d }}-{{ blue|d }},{{ hue|d }}-{{ sat|d }}",
    command_off_template: "off",
    state_template: "{{ value.split(',')[0] }}",
    brightness_template: "{{ value.split(',')[1] }}",
    red_template: "{{ value.split(',')[2].split('-')[0] }}",
    green_template: "{{ value.split(',')[2].split('-')[1] }}",
    blue_template: "{{ value.split(',')[2].split('-')[2] }}",
  };

  test("is read and written", () => {
    const found = entity("homeassistant/light/strip/config", config);
    expect(found.problems).toEqual([]);
    expect(found.properties.map(({ standardKey }) => standardKey)).toEqual([
      "light/on",
      "light/brightness",
      "light/color",
    ]);
    expect(reading(found, "on", "on,128,255-0-7")).toBe(true);
    expect(reading(found, "on", "off")).toBe(false);
    expect(reading(found, "on", "maybe")).toBe('problem: found "maybe"');
    expect(reading(found, "brightness", "on,128,255-0-7")).toBe(50);
    expect(reading(found, "color", "on,128,255-0-7")).toBe("rgb,255,0,7");
    expect(reading(found, "color", "on,128,255-x-7")).toBe('problem: found "x"');
    expect(writing(found, "on", true)).toBe("strip/set on,,--,-");
    expect(writing(found, "on", false)).toBe("strip/set off");
    expect(writing(found, "brightness", 50)).toBe("strip/set on,128,--,-");
    expect(writing(found, "color", "rgb,255,0,0")).toBe("strip/set on,,255-0-0,0-100");
  });

  test("in JSON, with short names, and with a colour temperature", () => {
    // A user's, for a Shelly RGBW2.
    const found = entity("homeassistant/light/white/config", {
      schema: "template",
      cmd_t: "w/set",
      stat_t: "w",
      cmd_on_tpl:
        '{"turn":"on"{%- if brightness is defined -%},"brightness":{{ brightness | float | multiply(0.3922) | round(0) }}{%- endif -%}{%- if color_temp is defined -%},"ct":{{ color_temp }}{%- endif -%}}',
      cmd_off_tpl: '{"turn":"off"}',
      stat_tpl: "{%- if value_json.ison %}on{% else %}off{% endif %}",
      bri_tpl: "{{ value_json.brightness | float | multiply(2.55) | round(0) }}",
      clr_temp_tpl: "{{ value_json.ct }}",
      r_tpl: "{{ value_json.r }}",
      g_tpl: "{{ value_json.g }}",
      b_tpl: "{{ value_json.b }}",
    });
    expect(reading(found, "color", '{"r":1,"g":2,"b":3}')).toBe("rgb,1,2,3");
    expect(found.problems).toEqual([]);
    expect(reading(found, "on", '{"ison":false,"brightness":40,"ct":370}')).toBe(false);
    expect(reading(found, "brightness", '{"ison":false,"brightness":40,"ct":370}')).toBe(40);
    expect(reading(found, "color-temperature", '{"ison":true,"brightness":40,"ct":370}')).toBe(2_703);
    expect(writing(found, "color-temperature", 2_700)).toBe('w/set {"turn":"on","ct":370}');
    expect(writing(found, "on", true)).toBe('w/set {"turn":"on"}');
  });

  test("without its commands, or with what is not supported, is told", () => {
    const without = entity("homeassistant/light/strip/config", {
      ...config,
      command_off_template: undefined,
    });
    expect(without.properties).toEqual([]);
    expect(without.problems).toEqual(["light.strip.command_off_template: expected a template"]);
    const odd = entity("homeassistant/light/strip/config", {
      ...config,
      red_template: "{{ states('light.x') }}",
      brightness_template: 7,
    });
    expect(odd.problems).toEqual(["light.strip.red_template: not supported: function states"]);
    expect(odd.properties.map(({ role }) => role)).toEqual(["on", "brightness"]);
  });
});

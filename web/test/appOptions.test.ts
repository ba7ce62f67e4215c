import { expect, test } from "vitest";
import { configTopic, formOf, payloadOf, typed, type AppOption } from "../src/topics/appOptions";

const GAIN: AppOption = { name: "gain", kind: "float", value: 1, set: false, min: 0, max: 10 };
const MODE: AppOption = { name: "mode", kind: "str", value: "auto", set: true, choices: ["auto", "off"] };
const message = (value: unknown) => ({ time_ms: 1, bytes: 1, cut: false, retained: true, base64: "", value });

test("a form is where a program tells of its options", () => {
  expect(configTopic("sta/pi/greenhouse/form")).toBe("cmd/pi/greenhouse/config");
  expect(configTopic("sta/pi/greenhouse")).toBeNull();
  expect(configTopic("home/pi/greenhouse/form")).toBeNull();
});

test("what is no form is none", () => {
  expect(formOf(undefined)).toBeNull();
  expect(formOf(message({ options: 3 }))).toBeNull();
  expect(formOf(message({ options: [null, { kind: "int" }, GAIN], error: 3 }))).toEqual({
    options: [GAIN],
    error: null,
  });
});

test("numbers are numbers where they can be read, and choices what they are", () => {
  expect(typed(GAIN, "2.5")).toBe(2.5);
  expect(typed(GAIN, "much")).toBe("much");
  expect(typed(MODE, "off")).toBe("off");
  expect(typed({ ...MODE, choices: [1, 2] }, "2")).toBe(2);
});

test("what the hub has set before stays set", () => {
  expect(payloadOf([GAIN, MODE], new Map([["gain", 2]]))).toBe('{"gain":2,"mode":"auto"}');
  expect(payloadOf([GAIN, MODE], new Map([["mode", "off"]]))).toBe('{"mode":"off"}');
});

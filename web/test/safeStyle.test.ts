import { expect, test } from "vitest";
import { safeStyle } from "../src/dashboard/safeHtml";

test.each([
  ["color: red; text-align: center", "color: red; text-align: center"],
  ["position: fixed; top: 0; color: #fff", "color: #fff"],
  ["background-color: url(https://example.org/x)", ""],
  ["width: expression(alert(1))", ""],
  ["margin-top: -500px; margin: 4px", "margin: 4px"],
  ["COLOR: RED", "color: RED"],
])("of the style %j stays %j", (style, safe) => {
  expect(safeStyle(style)).toBe(safe);
});

import { describe, expect, it } from "vitest";
import { formatAddress, loginCode, parseAddress, type Address } from "../src/address";

const plain: Address = {
  place: { name: "overview" },
  range: { kind: "live", spanMs: 900_000 },
  theme: null,
  utc: false,
  panel: null,
};

describe("the address", () => {
  it.each<[string, Address]>([
    ["the overview", plain],
    ["the status page", { ...plain, place: { name: "status" }, theme: "dark" }],
    ["the ledger", { ...plain, place: { name: "ledger", device: null } }],
    ["a device of the ledger", { ...plain, place: { name: "ledger", device: "pi-4" } }],
    ["a device", { ...plain, place: { name: "device", device: "pi4" }, panel: "cpu" }],
    ["a device with an unusual name", { ...plain, place: { name: "device", device: "küche/№ 1?&=%" } }],
    ["the series without a host", { ...plain, place: { name: "device", device: "" }, utc: true }],
    ["a zoom", { ...plain, range: { kind: "fixed", fromMs: 1795357800123, toMs: 1795357900000 } }],
    ["a panel with unusual letters", { ...plain, panel: "auto-weather-°C" }],
  ])("says and reads back %s", (_, address) => {
    expect(parseAddress(formatAddress(address))).toEqual(address);
  });

  it.each(["", "#", "#/", "#/nowhere", "#/device/", "#/?range=soon&theme=pink&from=1", "#/%"])(
    "takes the defaults for what is missing or wrong in %j",
    (fragment) => expect(parseAddress(fragment)).toEqual(plain),
  );

  it("bears a stray percent sign in a name", () => {
    expect(parseAddress("#/device/50%").place).toEqual({ name: "device", device: "50%" });
  });

  it("writes times that a person can read", () => {
    const range = {
      kind: "fixed",
      fromMs: Date.UTC(2026, 10, 22, 14),
      toMs: Date.UTC(2026, 10, 22, 15),
    } as const;
    expect(formatAddress({ ...plain, range })).toBe("#/?from=2026-11-22T14:00:00Z&to=2026-11-22T15:00:00Z");
  });

  it("finds a login code and nothing else", () => {
    expect(loginCode("#login=a%2Fb")).toBe("a/b");
    expect(loginCode("#/?login=a")).toBeNull();
    expect(loginCode("#login=")).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import { rightsText, type Token, wordsOf } from "../src/access/client";

const TOKEN: Token = {
  id: "1",
  description: "t",
  status: "active",
  permissions: [],
  createdAt: "2026-01-01T00:00:00Z",
};

describe("what a token may do", () => {
  it("is named by bucket and topic", () => {
    const permissions = [
      { action: "read", resource: { type: "buckets", id: "a", name: "lab" } },
      { action: "read", resource: { type: "buckets", id: "b" } },
      { action: "write", resource: { type: "buckets" } },
    ] as const;
    expect(rightsText({ ...TOKEN, permissions, subscribe: ["tel/#"] })).toBe(
      "reads lab, a deleted bucket; writes all buckets; subscribes tel/#",
    );
  });
  it("is everything for the operator", () => {
    const permissions = [{ action: "read", resource: { type: "authorizations" } }] as const;
    expect(rightsText({ ...TOKEN, permissions })).toBe("reads everything");
  });
  it("takes words apart", () => {
    expect(wordsOf(" a/b, c/#  d ")).toEqual(["a/b", "c/#", "d"]);
    expect(wordsOf("")).toEqual([]);
  });
});

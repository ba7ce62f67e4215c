import { describe, expect, it } from "vitest";
import cases from "../../tests/golden/builder_texts.json";
import { builderText, isBuilt, rebuilt, type BuilderTarget } from "../src/dashboard/edit/builder";
import { builtTarget, inLanguage, nextRef, writtenTarget } from "../src/dashboard/edit/targets";

describe("the query builder", () => {
  it.each(cases.map(({ target, text }, i) => [i, target, text] as const))(
    "writes case %i as the hub does",
    (_, target, text) => {
      expect(builderText(target as unknown as BuilderTarget)).toBe(text);
    },
  );

  it("names another bucket in the text, which Grafana is then given", () => {
    const target = builtTarget("A", { measurement: "dust", fields: ["pm"], bucket: "other place" });
    expect(target.query).toContain('FROM "other place".."dust"');
    expect(target.rawQuery).toBe(true);
    expect(target["x-helio"]?.bucket).toBe("other place");
    expect(isBuilt(target)).toBe(true);
  });

  it("keeps the bucket that was chosen at the import", () => {
    const how = { language: "influxql", bucket: "sensors" } as const;
    expect(rebuilt({ refId: "A", measurement: "m", "x-helio": how })["x-helio"]?.bucket).toBe("sensors");
  });

  it("is not offered for a text that it would not write", () => {
    expect(isBuilt({ refId: "A", measurement: "m", rawQuery: true, query: "SELECT 1 FROM m" })).toBe(false);
    expect(isBuilt(writtenTarget("A", { query: "SELECT mean(x) FROM m" }))).toBe(false);
    expect(isBuilt(writtenTarget("A", { query: 'from(bucket: "b")', language: "flux" }))).toBe(false);
    expect(isBuilt({ refId: "A" })).toBe(true);
  });

  it("turns a chart's part into columns with names, sums and conditions", () => {
    const target = builtTarget("A", {
      measurement: "net",
      fields: ["in", "out"],
      rate: true,
      math: { out: "* -1" },
      groupBy: ["interface"],
      where: { host: ["pi"], interface: ["eth0", "wlan.0"] },
    });
    expect(target.query).toBe(
      'SELECT non_negative_derivative(mean("in"), 1s) AS "in", ' +
        'non_negative_derivative(mean("out"), 1s)  * -1 AS "out" FROM "net" ' +
        'WHERE ("host" = \'pi\' AND "interface" =~ /^(eth0|wlan\\.0)$/) AND $timeFilter ' +
        'GROUP BY time($__interval), "interface" fill(none) ORDER BY time ASC',
    );
  });
});

describe("queries of a panel", () => {
  it("get the first free letter", () => {
    expect(nextRef([])).toBe("A");
    expect(nextRef([{ refId: "A" }, { refId: "C" }])).toBe("B");
    expect(nextRef(Array.from({ length: 26 }, (_, i) => ({ refId: String.fromCharCode(65 + i) })))).toBe(
      "AA",
    );
  });

  it("begin anew in another language, with what is known", () => {
    const target = builtTarget("A", { measurement: 'a "b"', fields: ["x"] });
    const flux = inLanguage(target, "flux");
    expect(flux.query).toContain('r._measurement == "a \\"b\\""');
    expect(flux.measurement).toBeUndefined();
    expect(flux.datasource).toEqual({ type: "influxdb", uid: "heliograph-flux" });
    expect(inLanguage(target, "sql").query).toContain('FROM "a ""b"""');
  });
});

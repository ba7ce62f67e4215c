import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, type QueryBody, type Result } from "../src/api";
import { chart, part } from "../src/chart";
import { Feed, type FeedNeeds, type Panel } from "../src/feed";
import type { Range } from "../src/range";

const NOW = 1_795_357_800_000;
const live: Range = { kind: "live", spanMs: 300_000 };

function answer(body: QueryBody): Result[] {
  return body.queries.map((query) => ({
    id: query.id,
    time_ms: [body.end_ms - 2 * body.interval_ms, body.end_ms - body.interval_ms],
    series: [{ field: query.fields[0] ?? "", tags: {}, values: [1, 2] }],
  }));
}

function panelOf(measurement: string, changes: Partial<Panel> = {}): Panel {
  return {
    chart: chart({
      id: measurement,
      title: measurement,
      parts: [part({ measurement, fields: ["value"], where: { host: ["pi"] } })],
    }),
    widthPx: () => 440,
    tailEveryMs: 0,
    tailedAtMs: -Infinity,
    visible: true,
    dirtyFromMs: -Infinity,
    columns: null,
    intervalMs: 0,
    show: vi.fn(),
    fail: vi.fn(),
    ...changes,
  };
}

describe("the feed", () => {
  const bodies: QueryBody[] = [];
  let needs: FeedNeeds;
  let reply: (body: QueryBody) => Promise<Result[]>;

  beforeEach(() => {
    vi.useFakeTimers({ now: NOW });
    bodies.length = 0;
    reply = (body) => Promise.resolve(answer(body));
    needs = {
      query: (body) => {
        bodies.push(body);
        return reply(body);
      },
      nowMs: () => Date.now(),
      range: () => live,
      hidden: () => false,
      busy: vi.fn(),
      arrived: vi.fn(),
      lost: vi.fn(),
    };
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const touched = { cpu: { from_ms: NOW, to_ms: NOW, hosts: ["pi"] } };

  it("asks for all charts of the page in one request", async () => {
    const feed = new Feed(needs);
    const panels = ["cpu", "mem", "net"].map((name) => panelOf(name));
    for (const panel of panels) feed.add(panel);
    await vi.advanceTimersByTimeAsync(50);
    expect(bodies).toHaveLength(1);
    expect(bodies[0]?.queries.map((query) => query.measurement)).toEqual(["cpu", "mem", "net"]);
    expect(bodies[0]?.start_ms).toBeLessThanOrEqual(NOW - live.spanMs);
    expect((bodies[0]?.start_ms ?? 1) % (bodies[0]?.interval_ms ?? 1)).toBe(0);
    for (const panel of panels) expect(panel.show).toHaveBeenCalledOnce();
  });

  it("splits a request of more than 64 queries", async () => {
    const feed = new Feed(needs);
    for (let i = 0; i < 70; i += 1) feed.add(panelOf(`m${i}`));
    await vi.advanceTimersByTimeAsync(50);
    expect(bodies.map((body) => body.queries.length)).toEqual([64, 6]);
  });

  it("leaves charts out of view alone until they come into view", async () => {
    const feed = new Feed(needs);
    const panel = panelOf("cpu", { visible: false });
    feed.add(panel);
    await vi.advanceTimersByTimeAsync(50);
    expect(bodies).toHaveLength(0);
    feed.setVisible(panel, true);
    await vi.advanceTimersByTimeAsync(50);
    expect(bodies).toHaveLength(1);
  });

  it("asks only for the tail, and only of what was touched", async () => {
    const feed = new Feed(needs);
    feed.add(panelOf("cpu"));
    feed.add(panelOf("mem"));
    await vi.advanceTimersByTimeAsync(50);
    feed.touch(touched);
    await vi.advanceTimersByTimeAsync(300);
    expect(bodies[1]?.queries.map((query) => query.measurement)).toEqual(["cpu"]);
    expect(NOW - (bodies[1]?.start_ms ?? 0)).toBeLessThan(70_000);
  });

  it("does not ask for another host's points", async () => {
    const feed = new Feed(needs);
    feed.add(panelOf("cpu"));
    await vi.advanceTimersByTimeAsync(50);
    feed.touch({ cpu: { from_ms: NOW, to_ms: NOW, hosts: ["other"] } });
    await vi.advanceTimersByTimeAsync(2000);
    expect(bodies).toHaveLength(1);
  });

  it("asks a hub that answers slowly at most once a second", async () => {
    const feed = new Feed(needs);
    feed.add(panelOf("cpu"));
    await vi.advanceTimersByTimeAsync(50);
    reply = async (body) => {
      await new Promise((resolve) => setTimeout(resolve, 250));
      return answer(body);
    };
    for (let i = 0; i < 40; i += 1) {
      feed.touch(touched);
      await vi.advanceTimersByTimeAsync(250);
    }
    expect(bodies.length - 1).toBeLessThanOrEqual(11);
    expect(bodies.length - 1).toBeGreaterThanOrEqual(8);
  });

  it("lets small lines wait", async () => {
    const feed = new Feed(needs);
    feed.add(panelOf("cpu", { tailEveryMs: 5000 }));
    await vi.advanceTimersByTimeAsync(50);
    feed.touch(touched);
    await vi.advanceTimersByTimeAsync(4000);
    expect(bodies).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1500);
    expect(bodies).toHaveLength(2);
  });

  it("drops an answer to a range that is no longer shown", async () => {
    const feed = new Feed(needs);
    const panel = panelOf("cpu");
    reply = async (body) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      return answer(body);
    };
    feed.add(panel);
    await vi.advanceTimersByTimeAsync(100);
    feed.reload();
    await vi.advanceTimersByTimeAsync(450);
    expect(panel.show).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1000);
    expect(panel.show).toHaveBeenCalledOnce();
  });

  it("keeps the picture and tries again when the hub does not answer", async () => {
    const feed = new Feed(needs);
    const panel = panelOf("cpu");
    reply = () => Promise.reject(new ApiError(0, "unreachable", "away"));
    feed.add(panel);
    await vi.advanceTimersByTimeAsync(100);
    expect(needs.lost).toHaveBeenCalled();
    expect(panel.fail).not.toHaveBeenCalled();
    reply = (body) => Promise.resolve(answer(body));
    await vi.advanceTimersByTimeAsync(4000);
    expect(panel.show).toHaveBeenCalledOnce();
  });

  it("shows a query's own error in its panel and fills the others", async () => {
    const feed = new Feed(needs);
    const [bad, good] = [panelOf("bad"), panelOf("good")];
    reply = (body) =>
      Promise.resolve(answer(body).map((one, i) => (i === 0 ? { id: one.id, error: "no such field" } : one)));
    feed.add(bad);
    feed.add(good);
    await vi.advanceTimersByTimeAsync(50);
    expect(bad.fail).toHaveBeenCalledWith("no such field");
    expect(good.show).toHaveBeenCalledOnce();
  });

  it("ignores live points outside a fixed range", async () => {
    needs = { ...needs, range: () => ({ kind: "fixed", fromMs: NOW - 900_000, toMs: NOW - 600_000 }) };
    const feed = new Feed(needs);
    feed.add(panelOf("cpu"));
    await vi.advanceTimersByTimeAsync(50);
    feed.touch(touched);
    await vi.advanceTimersByTimeAsync(2000);
    expect(bodies).toHaveLength(1);
  });

  it("waits while the page is hidden", async () => {
    let hidden = true;
    const feed = new Feed({ ...needs, hidden: () => hidden });
    feed.add(panelOf("cpu"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(bodies).toHaveLength(0);
    hidden = false;
    feed.resume();
    await vi.advanceTimersByTimeAsync(50);
    expect(bodies).toHaveLength(1);
  });
});

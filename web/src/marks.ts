/** Strokes on charts: the times when alerts began to fire and were resolved. */

export interface Mark {
  readonly timeMs: number;
  readonly state: "firing" | "resolved";
  readonly host: string | null;
  readonly text: string;
}

export interface MarksAnswer {
  readonly history: readonly {
    readonly time_ms: number;
    readonly state: "firing" | "resolved";
    readonly tags: Readonly<Record<string, string>>;
    readonly text: string;
  }[];
}

const MOST = 200;

/** The marks that belong on the charts of a device: its own, and those of rules that tell no hosts apart. */
export function marksFor(all: readonly Mark[], device: string | null): readonly Mark[] {
  return all.filter((one) => one.host === null || device === null || one.host === device).slice(0, MOST);
}

/** Makes the marks of an answer. */
export function marksOf(answer: MarksAnswer): Mark[] {
  return answer.history.map((one) => ({
    timeMs: one.time_ms,
    state: one.state,
    host: one.tags["host"] ?? null,
    text: one.text,
  }));
}

/** What of a plot is needed to draw on it. */
interface Canvas {
  readonly ctx: CanvasRenderingContext2D;
  readonly bbox: { readonly top: number; readonly height: number };
  readonly scales: Readonly<Record<string, { readonly min?: number; readonly max?: number }>>;
  readonly valToPos: (value: number, scale: string, canvasPixels?: boolean) => number;
}

/** Draws marks over a chart whose colours are those of its place. */
export function drawMarks(plot: Canvas, marks: readonly Mark[], style: CSSStyleDeclaration): void {
  const { ctx, bbox } = plot;
  const [fromMs, toMs] = [plot.scales["x"]?.min ?? 0, plot.scales["x"]?.max ?? 0];
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const { timeMs, state } of marks) {
    if (timeMs < fromMs || timeMs > toMs) continue;
    ctx.strokeStyle = style.getPropertyValue(state === "firing" ? "--bad" : "--good").trim();
    const x = Math.round(plot.valToPos(timeMs, "x", true)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** A canvas panel: texts, values and shapes at the places that its author gave them, with lines between them. */
import { inkOn } from "../colours";
import { elementsOf, Source, type Box, type Element } from "../elements";
import { safeHref } from "../links";
import type { Link, Options } from "../model";
import { listOf, numberOf, recordOf, textOf } from "../optionValues";
import type { PanelProps } from "../panel";
import { wiresOf, type Wire } from "../wires";

const TEXT_PX = 16;
const ALIGN: Readonly<Record<string, string>> = {
  left: "flex-start",
  top: "flex-start",
  right: "flex-end",
  bottom: "flex-end",
};
/** Corners of shapes that are no boxes, in percent. */
const CORNERS: Readonly<Record<string, string>> = {
  triangle: "50,0 0,100 100,100",
  parallelogram: "20,0 100,0 80,100 0,100",
};
const PLAIN: ReadonlySet<string> = new Set(["text", "metric-value", "rectangle", "button", "frame", "group"]);

export function ElementCanvas({ frames, options, widthPx, heightPx, theme, expand, panel }: PanelProps) {
  const canvas: Box = { leftPx: 0, topPx: 0, widthPx, heightPx };
  const elements = elementsOf(options["root"], canvas);
  const source = new Source(frames, theme, expand);
  const background = source.colour(recordOf(recordOf(options["root"])["background"])["color"]);
  if (elements.length === 0) return <p class="dash-note">This canvas has no elements.</p>;
  // What is placed beyond the panel's edge is reached by scrolling.
  return (
    <div
      class="canvas-panel"
      style={{ background: background ?? "" }}
      role="group"
      tabIndex={0}
      aria-label={panel.title === undefined || panel.title === "" ? "Canvas" : panel.title}
    >
      {elements.map((element, i) => (
        <Drawn key={i} element={element} source={source} expand={expand} />
      ))}
      <Wires wires={wiresOf(elements, canvas, source)} />
    </div>
  );
}

/** The colours and the width of a shape: of newer documents its own, of older ones those of its settings. */
function shapeOf(options: Options, source: Source) {
  const [background, border, config] = ["background", "border", "config"].map((key) =>
    recordOf(options[key]),
  );
  const own = source.colour(background?.["color"]);
  const fill = own === null || own === "transparent" ? source.colour(config?.["backgroundColor"]) : own;
  const old = config?.["borderColor"] !== undefined;
  const line = source.colour(old ? config["borderColor"] : border?.["color"]);
  const linePx = numberOf(border?.["width"], old ? numberOf(config["width"], 0) : 0);
  return {
    fill: fill ?? "transparent",
    line: line ?? "transparent",
    linePx: Math.min(100, Math.max(0, linePx)),
    radiusPx: Math.max(0, numberOf(border?.["radius"], 0)),
  };
}

function linkOf(options: Options, expand: (text: string) => string): { href: string; link: Link } | null {
  const [link] = listOf(options["links"]).map((one) => recordOf(one) as Link);
  const href = link === undefined ? null : safeHref(expand(textOf(link.url)));
  return link === undefined || href === null ? null : { href, link };
}

function Drawn(props: { element: Element; source: Source; expand: (text: string) => string }) {
  const { element, source, expand } = props;
  const { box, options, type } = element;
  const config = recordOf(options["config"]);
  const shape = shapeOf(options, source);
  const given = source.text(config["text"]);
  const text = type === "metric-value" && given === "" ? "–" : given;
  const plain = PLAIN.has(type);
  const known = plain || type === "ellipse" || type === "icon" || Object.hasOwn(CORNERS, type);
  const link = linkOf(options, expand);
  const style = {
    left: `${box.leftPx}px`,
    top: `${box.topPx}px`,
    width: `${box.widthPx}px`,
    height: `${box.heightPx}px`,
    rotate: `${element.turnedDegrees}deg`,
    justifyContent: ALIGN[textOf(config["align"])] ?? "center",
    alignItems: ALIGN[textOf(config["valign"])] ?? "center",
    textAlign: textOf(config["align"], "center"),
    fontSize: `${Math.min(400, Math.max(1, numberOf(config["size"], TEXT_PX)))}px`,
    color: source.colour(config["color"]) ?? inkOn(shape.fill),
    ...(plain || !known
      ? {
          background: shape.fill,
          border: `${shape.linePx}px solid ${shape.line}`,
          borderRadius: `${shape.radiusPx}px`,
        }
      : {}),
  };
  const inner = known ? (
    <>
      {plain ? null : <Figure type={type} box={box} shape={shape} config={config} source={source} />}
      <span class="canvas-text">{text}</span>
    </>
  ) : (
    <span class="canvas-text">{element.name === "" ? type : element.name}</span>
  );
  const shared = { class: known ? "canvas-element" : "canvas-element strange", style, "data-element": type };
  if (link === null) return <div {...shared}>{inner}</div>;
  const title = expand(link.link.title ?? "Link");
  return (
    <a
      {...shared}
      href={link.href}
      title={title}
      aria-label={text === "" ? title : `${text}, ${title}`}
      {...(link.link.targetBlank === true ? { target: "_blank", rel: "noopener noreferrer" } : {})}
    >
      {inner}
    </a>
  );
}

interface FigureProps {
  readonly type: string;
  readonly box: Box;
  readonly shape: ReturnType<typeof shapeOf>;
  readonly config: Options;
  readonly source: Source;
}

/** An ellipse, a shape with corners, or the disc that stands for an icon. */
function Figure({ type, box, shape, config, source }: FigureProps) {
  const paint = {
    fill: shape.fill,
    stroke: shape.line,
    "stroke-width": shape.linePx,
    "vector-effect": "non-scaling-stroke",
  };
  const corners = CORNERS[type];
  if (corners !== undefined)
    return (
      <svg class="canvas-figure" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
        <polygon points={corners} {...paint} />
      </svg>
    );
  const { widthPx, heightPx } = box;
  if (type === "ellipse")
    return (
      <svg class="canvas-figure" aria-hidden="true">
        <ellipse
          cx={widthPx / 2}
          cy={heightPx / 2}
          rx={Math.max(0, (widthPx - shape.linePx) / 2)}
          ry={Math.max(0, (heightPx - shape.linePx) / 2)}
          {...paint}
        />
      </svg>
    );
  const name = textOf(recordOf(config["path"])["fixed"], "icon").replace(/^.*\/|\.svg$/g, "");
  return (
    <svg class="canvas-figure" role="img" aria-label={name}>
      <title>{name}</title>
      <circle
        cx={widthPx / 2}
        cy={heightPx / 2}
        r={Math.min(widthPx, heightPx) * 0.4}
        fill={source.colour(config["fill"]) ?? "var(--ink-muted)"}
      />
    </svg>
  );
}

const pointsText = (points: readonly (readonly [number, number])[]): string =>
  points.map((point) => point.join(",")).join(" ");

function Wires({ wires }: { wires: readonly Wire[] }) {
  if (wires.length === 0) return null;
  return (
    <svg class="canvas-wires" aria-hidden="true">
      {wires.map((wire, i) => (
        <g key={i}>
          <polyline
            points={pointsText(wire.points)}
            fill="none"
            stroke={wire.colour}
            stroke-width={wire.widthPx}
            stroke-dasharray={wire.dash}
          />
          {wire.heads.map((head, end) => (
            <polygon key={end} points={pointsText(head)} fill={wire.colour} />
          ))}
        </g>
      ))}
    </svg>
  );
}

/** The frame of one panel: title, menu, what is degraded, its picture or what stands in its place. */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { CopyButton } from "../panels/CopyButton";
import { theme } from "../state";
import type { Problem } from "./client";
import { showFrames } from "./fieldModel";
import { transformed } from "./frames";
import { Guard } from "./Guard";
import { interpolate, type Scope } from "./interpolate";
import type { Placed } from "./layout";
import { linkFiller, safeHref } from "./links";
import type { Link, PanelModel } from "./model";
import { panelKind, type PanelComponent, type PanelProps, type ShownFrame } from "./panel";
import { PanelMenu } from "./PanelMenu";
import { data, opened, scope, seen, shownWindow, zoneUtc, zoomTo, type PanelData } from "./session";
import { useSize } from "./useSize";

const NARROW_PX = 180;
const NEAR_PX = 200;
const NOTHING: PanelData = { frames: [], problem: null, window: { fromMs: 0, toMs: 1 }, truncated: false };

export function PanelFrame({ placed }: { placed: Placed }) {
  const { panel, x, y, w, h } = placed;
  const place = useRef<HTMLElement>(null);
  const own = useMemo(() => new Map([...scope.value, ...placed.scope]), [scope.value, placed.scope]);
  useSeen(placed, place);
  // Other panels' answers do not draw this one anew.
  const filled = useComputed(() => data.value.get(placed.key)).value;
  const title = interpolate(panel.title ?? "", own);
  return (
    <section
      ref={place}
      class={panel.transparent === true ? "panel board-panel clear" : "panel board-panel"}
      style={`grid-column: ${x + 1} / span ${w}; grid-row: ${y + 1} / span ${h}; --rows: ${h}`}
      aria-label={title === "" ? panel.type : title}
      data-panel={placed.key}
      data-type={panel.type}
      data-loaded={filled !== undefined}
      data-frames={filled?.frames.length ?? 0}
    >
      <Guard of={[panel]}>
        <Head panel={panel} title={title} scope={own} filled={filled} />
      </Guard>
      <Guard of={[panel, filled]}>
        <Body placed={placed} scope={own} filled={filled} />
      </Guard>
    </section>
  );
}

/** Tells the session while the panel is near the screen, with the width that its picture has. */
function useSeen(placed: Placed, place: { readonly current: HTMLElement | null }): void {
  const identity = `${placed.key} ${[...placed.scope].map(([name, chosen]) => `${name}=${chosen.text}`).join()}`;
  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    // The observer tells it a frame or two later; the first question need not wait for that.
    const { top, bottom } = element.getBoundingClientRect();
    if (top < innerHeight + NEAR_PX && bottom > -NEAR_PX) seen(placed, element.clientWidth);
    const watch = new IntersectionObserver(
      (entries) => {
        const last = entries[entries.length - 1];
        if (last !== undefined) seen(placed, last.isIntersecting ? element.clientWidth : null);
      },
      { rootMargin: `${NEAR_PX}px` },
    );
    watch.observe(element);
    return () => {
      watch.disconnect();
      seen(placed, null);
    };
  }, [identity, placed.panel]);
}

function Head(props: { panel: PanelModel; title: string; scope: Scope; filled: PanelData | undefined }) {
  const { panel, title, scope: own, filled } = props;
  const about = panel["x-helio"];
  const degraded = [
    ...(about?.degraded ?? []),
    ...(filled?.truncated === true ? ["Only a part of the points is drawn: there are too many."] : []),
  ];
  const links = (panel.links ?? []).flatMap((link) => headLink(link, own));
  const override = panel.hideTimeOverride === true ? "" : timeNote(panel, own);
  if (
    title === "" &&
    degraded.length === 0 &&
    links.length === 0 &&
    override === "" &&
    panel.transparent === true
  )
    return null;
  return (
    <header class="panel-head">
      <h3 title={title} aria-level={2}>
        {title}
      </h3>
      {panel.description === undefined || panel.description === "" ? null : (
        <Note mark="i" label="Description" text={interpolate(panel.description, own)} />
      )}
      {degraded.length === 0 ? null : <Note mark="!" label="Drawn otherwise" text={degraded.join("\n")} />}
      <span class="source">{override}</span>
      {links.map(({ href, link }) => (
        <a
          key={href}
          class="panel-link"
          href={href}
          {...(link.targetBlank === true ? { target: "_blank", rel: "noopener noreferrer" } : {})}
        >
          {link.title ?? "Link"}
        </a>
      ))}
      {filled === undefined ? null : <PanelMenu panel={panel} title={title} filled={filled} />}
    </header>
  );
}

function headLink(link: Link, own: Scope): { href: string; link: Link }[] {
  const href = safeHref(interpolate(link.url ?? "", own));
  return href === null ? [] : [{ href, link: { ...link, title: interpolate(link.title ?? "Link", own) } }];
}

function timeNote(panel: PanelModel, own: Scope): string {
  const parts = [
    panel.timeFrom == null || panel.timeFrom === "" ? "" : `Last ${interpolate(panel.timeFrom, own)}`,
    panel.timeShift == null || panel.timeShift === ""
      ? ""
      : `shifted by ${interpolate(panel.timeShift, own)}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** A small sign whose text opens when it is pressed. */
function Note({ mark, label, text }: { mark: string; label: string; text: string }) {
  const open = useSignal(false);
  return (
    <span class="anchor">
      <button
        type="button"
        class={mark === "!" ? "sign degraded" : "sign"}
        title={text}
        aria-label={`${label}: ${text}`}
        aria-expanded={open.value}
        onClick={() => (open.value = !open.value)}
        onBlur={() => (open.value = false)}
        data-testid={mark === "!" ? "degraded" : "description"}
      >
        {mark}
      </button>
      {open.value ? <span class="popover note-text">{text}</span> : null}
    </span>
  );
}

function Body({
  placed,
  scope: own,
  filled,
}: {
  placed: Placed;
  scope: Scope;
  filled: PanelData | undefined;
}) {
  const { panel } = placed;
  const kind = panelKind(panel.type);
  const unsupported = panel["x-helio"]?.unsupported ?? (kind === undefined ? panel.type : null);
  if (kind === undefined || unsupported !== null) {
    if (filled === undefined || filled.frames.length === 0)
      return <Unsupported name={unsupported ?? panel.type} />;
    return <Picture placed={placed} scope={own} filled={filled} />;
  }
  if (filled === undefined && kind.needsData)
    return <div class="board-picture skeleton" data-testid="skeleton" />;
  if (filled?.problem != null && filled.frames.length === 0) return <QueryProblem problem={filled.problem} />;
  return <Picture placed={placed} scope={own} filled={filled ?? { ...NOTHING, window: shownWindow.value }} />;
}

function Unsupported({ name }: { name: string }) {
  return (
    <div class="blank board-picture" data-testid="unsupported">
      <p>
        The panel <b>{name}</b> is not supported. Its queries and settings are kept.
      </p>
    </div>
  );
}

function QueryProblem({ problem }: { problem: Problem }) {
  const where = problem.line == null ? "" : ` (line ${problem.line}, column ${problem.column ?? 1})`;
  return (
    <div class="blank board-picture" data-testid="panel-problem">
      <p class="problem" role="alert">
        {problem.message}
        {where}
      </p>
      <CopyButton text={problem.message + where} label="Copy the message" />
    </div>
  );
}

/** The drawing of a kind: null while it comes, `lost` when its part of the page is not to be had. */
function useKind(type: string): PanelComponent | null | "lost" {
  const [, cameFor] = useState<unknown>(null);
  const [lost, setLost] = useState<unknown>(null);
  const kind = panelKind(type);
  const loaded = kind?.loaded ?? null;
  useEffect(() => {
    if (kind === undefined || loaded !== null) return undefined;
    let current = true;
    // What came between the drawing and this effect is told at once, too.
    kind.load().then(
      () => current && cameFor(kind),
      () => current && setLost(kind),
    );
    return () => {
      current = false;
    };
  }, [kind, loaded]);
  return loaded ?? (lost !== null && lost === kind ? "lost" : null);
}

/** A part of the page that the hub no longer has, as after an upgrade, or that did not come. */
function Lost() {
  return (
    <div class="blank whole" data-testid="panel-lost">
      <p role="alert">This panel needs a part of the page that did not come; the hub may have a newer one.</p>
      <button type="button" class="button" onClick={() => location.reload()}>
        Reload the page
      </button>
    </div>
  );
}

/** The frames as the panel is to show them. */
function useShown(panel: PanelModel, own: Scope, filled: PanelData): readonly ShownFrame[] {
  const utc = zoneUtc.value;
  return useMemo(
    () =>
      showFrames(transformed(filled.frames, panel.transformations ?? []), {
        defaults: panel.fieldConfig?.defaults ?? {},
        overrides: panel.fieldConfig?.overrides ?? [],
        theme: theme.value,
        utc,
        expand: (text) => interpolate(text, own),
      }),
    [filled.frames, panel, own, theme.value, utc],
  );
}

function Picture({ placed, scope: own, filled }: { placed: Placed; scope: Scope; filled: PanelData }) {
  const { panel } = placed;
  const known = panelKind(panel.type) !== undefined && panel["x-helio"]?.unsupported == null;
  const Kind = useKind(known ? panel.type : "unsupported");
  const place = useRef<HTMLDivElement>(null);
  const size = useSize(place);
  const frames = useShown(panel, own, filled);
  const props: PanelProps = {
    panel,
    frames,
    options: panel.options ?? {},
    widthPx: size.widthPx,
    heightPx: size.heightPx,
    window: filled.window,
    theme: theme.value,
    utc: zoneUtc.value,
    shared: opened.value?.view.graphTooltip ?? 0,
    expand: (text) => interpolate(text, own),
    zoom: zoomTo,
    linkFor: linkFiller(own),
  };
  const empty =
    panelKind(panel.type)?.needsData === true && !frames.some((frame) => frame.fields.some(hasValues));
  return (
    <div class="board-picture" ref={place} data-testid="picture">
      {Kind === "lost" ? (
        <Lost />
      ) : empty ? (
        <div class="blank whole">
          <p>
            {panel.fieldConfig?.defaults?.noValue ??
              (size.widthPx < NARROW_PX ? "No data" : "No data in this range")}
          </p>
        </div>
      ) : Kind === null || size.widthPx === 0 ? null : (
        <Kind {...props} />
      )}
    </div>
  );
}

const hasValues = (field: { readonly values: readonly unknown[] }): boolean => field.values.length > 0;

/** One level of the tree: open and close it, or look at its topic. */
import { formatCount } from "../format";
import { linkTo } from "../navigate";
import type { TopicRow } from "./news";
import { toggle } from "./state";

const INDENT_PX = 16;
const FAST_PER_S = 0.1;

export function TreeRow({ row, topPx, chosen }: { row: TopicRow; topPx: number; chosen: boolean }) {
  const name = row.name === "" ? "(empty)" : row.name;
  return (
    <div
      class={chosen ? "topic-row chosen" : "topic-row"}
      style={{ top: `${topPx}px`, paddingLeft: `${row.depth * INDENT_PX}px` }}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-expanded={row.children > 0 ? row.open : undefined}
      aria-selected={chosen}
      data-path={row.path}
    >
      <button
        type="button"
        class="topic-arrow"
        onClick={() => toggle(row.path)}
        disabled={row.children === 0}
        aria-label={row.open ? `Close ${name}` : `Open ${name}`}
      >
        {row.children === 0 ? "" : row.open ? "▾" : "▸"}
      </button>
      {row.text === undefined ? (
        <button type="button" class="topic-name" onClick={() => toggle(row.path)}>
          <bdi>{name}</bdi>
        </button>
      ) : (
        <a class="topic-name" href={linkTo({ place: { name: "topics", topic: row.path } })}>
          <bdi>{name}</bdi>
        </a>
      )}
      {row.retained === true ? <span class="topic-mark">retained</span> : null}
      {row.text === undefined ? null : (
        <span class="topic-text">
          <bdi>{row.text}</bdi>
        </span>
      )}
      <span class="topic-figures">{figures(row)}</span>
    </div>
  );
}

function figures(row: TopicRow): string {
  if (row.children > 0) return `${formatCount(row.topics)} topic${row.topics === 1 ? "" : "s"}`;
  return row.rate !== undefined && row.rate >= FAST_PER_S ? `${row.rate.toFixed(1)}/s` : "";
}

/** The topics' place: search and tree at the left, the chosen topic at the right. */
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { formatCount } from "../format";
import { topicNews } from "../hub";
import { PublishBox } from "./PublishBox";
import {
  askSoon,
  choose,
  first,
  leave,
  paused,
  reveal,
  ROW_PX,
  searched,
  shown,
  take,
  visible,
} from "./state";
import { missedText } from "./counts";
import { TopicView } from "./TopicView";
import { TreeRow } from "./TreeRow";

export function TopicsPage({ topic }: { topic: string | null }) {
  useEffect(() => {
    const stop = effect(() => take(topicNews.value));
    return () => {
      stop();
      leave();
    };
  }, []);
  useEffect(() => {
    if (topic !== null) reveal(topic);
    choose(topic);
  }, [topic]);
  return (
    <div class="topics" data-testid="topics">
      <section class="panel topic-tree">
        <Search />
        <Tree chosen={topic} />
        <Counts />
      </section>
      <section class="topic-side">
        {topic === null ? <p class="hint">Choose a topic to see its messages.</p> : <TopicView />}
        <PublishBox key={topic} topic={topic} />
      </section>
    </div>
  );
}

function Search() {
  const type = (event: { currentTarget: HTMLInputElement }): void => {
    searched.value = event.currentTarget.value.trim();
    first.value = 0;
    askSoon();
  };
  return (
    <div class="topic-search">
      <input
        type="search"
        placeholder="Words, or a filter such as +/temp/#"
        aria-label="Search topics"
        value={searched.value}
        onInput={type}
        data-testid="topic-search"
      />
      <button
        type="button"
        class={paused.value ? "button chosen" : "button"}
        aria-pressed={paused.value}
        onClick={() => (paused.value = !paused.value)}
        data-testid="topic-pause"
      >
        {paused.value ? "Go on" : "Pause"}
      </button>
    </div>
  );
}

/** Only the rows on the screen exist, however many topics there are. */
function Tree({ chosen }: { chosen: string | null }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = place.current;
    if (box === null) return undefined;
    const look = (): void => {
      first.value = Math.floor(box.scrollTop / ROW_PX);
      visible.value = Math.ceil(box.clientHeight / ROW_PX) + 1;
      askSoon();
    };
    const sizes = new ResizeObserver(look);
    sizes.observe(box);
    box.addEventListener("scroll", look, { passive: true });
    return () => {
      sizes.disconnect();
      box.removeEventListener("scroll", look);
    };
  }, []);
  const now = shown.value;
  return (
    <div class="topic-rows" ref={place} role="tree" aria-label="Topics" tabIndex={0}>
      <div style={{ height: `${(now?.total ?? 0) * ROW_PX}px` }}>
        {now?.rows.map((row, at) => (
          <TreeRow key={row.path} row={row} topPx={(now.offset + at) * ROW_PX} chosen={row.path === chosen} />
        ))}
      </div>
      {now !== null && now.total === 0 ? (
        <p class="hint">
          {searched.value === "" ? "No message came yet. Try: helio pub -t hello -m world" : "Nothing found."}
        </p>
      ) : null}
    </div>
  );
}

function Counts() {
  const now = shown.value;
  if (now === null) return null;
  const found = `${formatCount(now.total)}${now.cut ? " and more" : ""} found`;
  return (
    <footer class="topic-counts" data-testid="topic-counts" data-topics={now.counts.topics}>
      {searched.value === "" ? `${formatCount(now.counts.topics)} topics` : found}
      {`, ${formatCount(now.counts.messages)} messages since the hub was started`}
      {missedText(now.counts)}
    </footer>
  );
}

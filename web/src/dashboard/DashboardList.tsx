/** All dashboards: search, open, and import by a dropped file or pasted JSON. */
import { useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { formatDayClock } from "../clock";
import { linkTo } from "../navigate";
import { NotRead } from "../panels/NotRead";
import { utc } from "../state";
import { NewBoardButton } from "./edit/NewBoardButton";
import { dashboards, type DashboardLine, type Report } from "./client";
import { ReportTable } from "./ReportTable";

interface Imported {
  readonly name: string;
  readonly uid: string | null;
  readonly report: Report | null;
  readonly problem: string | null;
}

const MOST_BYTES = 8 * 1024 ** 2;
const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

async function importText(name: string, text: string): Promise<Imported> {
  const nothing = { name, uid: null, report: null };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    return {
      ...nothing,
      problem: `This is not JSON: ${reason(cause)}. A dashboard is exported from Grafana by Share, Export.`,
    };
  }
  try {
    const { uid, title, report } = await dashboards.importJson(parsed);
    return { name: title, uid, report, problem: null };
  } catch (cause) {
    return { ...nothing, problem: reason(cause) };
  }
}

async function importFiles(files: FileList, results: Signal<readonly Imported[]>): Promise<void> {
  for (const file of files) {
    const made =
      file.size > MOST_BYTES
        ? { name: file.name, uid: null, report: null, problem: "The file is larger than 8 MiB." }
        : await importText(file.name, await file.text());
    results.value = [...results.value, made];
  }
}

export function DashboardList() {
  const lines = useSignal<readonly DashboardLine[] | null>(null);
  const problem = useSignal<string | null>(null);
  const results = useSignal<readonly Imported[]>([]);
  const search = useSignal("");
  const over = useSignal(false);
  const load = (): void => {
    dashboards.list().then(
      (list) => {
        lines.value = list;
        problem.value = null;
      },
      (cause: unknown) => (problem.value = reason(cause)),
    );
  };
  useEffect(load, [results.value]);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    over.value = false;
    const text = event.dataTransfer?.getData("text/plain") ?? "";
    const files = event.dataTransfer?.files;
    if (files !== undefined && files.length > 0) void importFiles(files, results);
    else if (text !== "")
      void importText("Dropped text", text).then((made) => (results.value = [...results.value, made]));
  };
  return (
    <div
      class={over.value ? "dashboards over" : "dashboards"}
      data-testid="dashboards"
      onDragOver={(event) => {
        event.preventDefault();
        over.value = true;
      }}
      onDragLeave={() => (over.value = false)}
      onDrop={drop}
    >
      <ImportBar search={search} results={results} />
      {results.value.map((result, i) => (
        <Result key={i} result={result} />
      ))}
      {problem.value !== null ? <NotRead what="dashboards" problem={problem.value} /> : null}
      {lines.value === null ? null : <Lines lines={lines.value} search={search.value} />}
    </div>
  );
}

function ImportBar({ search, results }: { search: Signal<string>; results: Signal<readonly Imported[]> }) {
  const pasting = useSignal(false);
  const text = useSignal("");
  const take = (event: Event): void => {
    event.preventDefault();
    void importText("Pasted text", text.value).then((made) => {
      results.value = [...results.value, made];
      if (made.problem === null) [text.value, pasting.value] = ["", false];
    });
  };
  return (
    <>
      <div class="dashboards-bar">
        <label class="field grow">
          <span class="hidden-text">Search dashboards</span>
          <input
            type="search"
            placeholder="Search by name or tag"
            value={search.value}
            onInput={(event) => (search.value = event.currentTarget.value)}
            data-testid="board-search"
          />
        </label>
        <NewBoardButton />
        <label class="button primary">
          Import a file
          <input
            class="hidden-text"
            type="file"
            accept=".json,application/json"
            multiple
            onChange={(event) => {
              const { files } = event.currentTarget;
              if (files !== null) void importFiles(files, results);
            }}
            data-testid="import-file"
          />
        </label>
        <button
          type="button"
          class="button"
          onClick={() => (pasting.value = !pasting.value)}
          data-testid="import-paste"
        >
          Paste JSON
        </button>
      </div>
      {pasting.value ? (
        <form class="paste" onSubmit={take}>
          <label class="field">
            <span>The JSON of a Grafana dashboard</span>
            <textarea
              rows={8}
              spellcheck={false}
              value={text.value}
              onInput={(event) => (text.value = event.currentTarget.value)}
              data-testid="import-text"
            />
          </label>
          <button
            type="submit"
            class="button primary"
            disabled={text.value.trim() === ""}
            data-testid="import-apply"
          >
            Import
          </button>
        </form>
      ) : null}
    </>
  );
}

const boardLink = (uid: string): string => linkTo({ place: { name: "dashboard", uid, query: "" } });

function Result({ result }: { result: Imported }) {
  return (
    <div class="message-box" data-testid="import-result" data-failed={result.problem !== null}>
      {result.problem === null && result.uid !== null ? (
        <p>
          Imported{" "}
          <a class="link" href={boardLink(result.uid)}>
            {result.name}
          </a>
        </p>
      ) : (
        <p class="problem" role="alert">
          {result.name}: {result.problem}
        </p>
      )}
      {result.report === null ? null : <ReportTable report={result.report} />}
    </div>
  );
}

function Lines({ lines, search }: { lines: readonly DashboardLine[]; search: string }) {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const found = lines.filter((line) => {
    const text = `${line.title} ${line.tags.join(" ")}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  if (found.length === 0)
    return (
      <p class="hint">
        {lines.length === 0
          ? "No dashboards yet. Drop a Grafana JSON file here, or run helio dashboard import FILE."
          : `No dashboard matches “${search}”.`}
      </p>
    );
  return (
    <ul class="board-lines">
      {found.map((line) => (
        <li key={line.uid}>
          <a href={boardLink(line.uid)} data-board={line.uid}>
            <b>{line.title}</b>
            <span class="tags">
              {line.tags.map((tag) => (
                <span key={tag} class="tag">
                  {tag}
                </span>
              ))}
            </span>
            <span class="hint">
              {line.built_in
                ? "ready-made"
                : line.updated_ms === null
                  ? ""
                  : formatDayClock(line.updated_ms, utc.value, false)}
              {line.degraded > 0 ? ` · ${line.degraded} drawn otherwise` : ""}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

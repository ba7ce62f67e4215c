/** What can be done with an open dashboard: export, versions, delete; and what its import left out. */
import { useSignal } from "@preact/signals";
import { formatDayClock } from "../clock";
import { go } from "../navigate";
import { Down } from "../panels/icons";
import { dashboards, type Opened, type Version } from "./client";
import { kiosk } from "./kiosk";
import { ReportTable } from "./ReportTable";
import { opened, reload, reopen, zoneUtc } from "./session";
import { ShareForm } from "./ShareForm";
import { usePopover } from "../panels/usePopover";

/** Gives a text to the browser as a file. */
export function download(name: string, text: string, type = "application/json"): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const fileName = (board: Opened): string =>
  `${(board.view.title ?? board.uid).replace(/[^\w.-]+/g, "-")}.json`;

export function BoardMenu() {
  const { open, place } = usePopover();
  const part = useSignal<Part>("menu");
  const problem = useSignal<string | null>(null);
  const board = opened.value;
  if (board === null) return null;
  const attempt = (work: Promise<unknown>): void => {
    problem.value = null;
    work.then(
      () => (open.value = false),
      (cause: unknown) => (problem.value = cause instanceof Error ? cause.message : String(cause)),
    );
  };
  const turn = (): void => {
    part.value = "menu";
    problem.value = null;
    open.value = !open.value;
  };
  return (
    <div class="anchor" ref={place}>
      <button type="button" class="button" aria-expanded={open.value} onClick={turn} data-testid="board-menu">
        <span>More</span>
        <Down />
      </button>
      {open.value ? (
        <div class={`popover menu ${part.value}`} role="dialog" aria-label="Dashboard">
          {part.value === "menu" ? (
            <MenuItems board={board} attempt={attempt} show={(next) => (part.value = next)} />
          ) : part.value === "share" ? (
            <ShareForm uid={board.uid} />
          ) : part.value === "report" ? (
            <ReportTable report={board.report} />
          ) : (
            <Versions board={board} attempt={attempt} />
          )}
          {problem.value === null ? null : (
            <p class="problem" role="alert">
              {problem.value}
            </p>
          )}
        </div>
      ) : null}
    </div>
  );
}

type Part = "menu" | "versions" | "report" | "share";

interface ItemsProps {
  readonly board: Opened;
  readonly attempt: (work: Promise<unknown>) => void;
  readonly show: (part: Part) => void;
}

function MenuItems({ board, attempt, show }: ItemsProps) {
  const sure = useSignal(false);
  const save = async (): Promise<void> =>
    download(fileName(board), JSON.stringify(await dashboards.exported(board.uid), null, 2));
  const remove = async (): Promise<void> => {
    await dashboards.remove(board.uid);
    go({ place: { name: "dashboards" } });
  };
  return (
    <div class="quick">
      <button type="button" class="button" onClick={() => reload()} data-testid="board-reload">
        Refresh now
      </button>
      <button type="button" class="button" onClick={() => attempt(save())} data-testid="board-export">
        Export as JSON
      </button>
      <button type="button" class="button" onClick={() => show("share")} data-testid="board-share">
        Share a link
      </button>
      <button type="button" class="button" onClick={() => kiosk(true)} data-testid="board-kiosk">
        Panels only
      </button>
      <button type="button" class="button" onClick={() => show("report")} data-testid="board-report">
        Import report
      </button>
      <button type="button" class="button" onClick={() => show("versions")} data-testid="board-versions">
        Versions
      </button>
      {board.built_in || board.provisioned ? null : (
        <button
          type="button"
          class="button danger"
          onClick={() => (sure.value ? attempt(remove()) : (sure.value = true))}
          data-testid="board-delete"
        >
          {sure.value ? "Delete it now" : "Delete"}
        </button>
      )}
    </div>
  );
}

function Versions({ board, attempt }: { board: Opened; attempt: (work: Promise<unknown>) => void }) {
  const list = useSignal<readonly Version[] | null>(null);
  if (list.value === null)
    dashboards.versions(board.uid).then(
      (versions) => (list.value = versions),
      (cause: unknown) => attempt(Promise.reject(cause instanceof Error ? cause : new Error(String(cause)))),
    );
  const restore = async (version: number): Promise<void> => {
    await dashboards.restore(board.uid, version);
    reopen();
  };
  return (
    <ul class="versions" data-testid="versions">
      {(list.value ?? []).map((one) => (
        <li key={one.version}>
          <span>
            {one.version} · {formatDayClock(one.saved_ms, zoneUtc.value)}
            <span class="hint"> {one.message ?? ""}</span>
          </span>
          {one.version === board.version ? (
            <span class="hint">shown</span>
          ) : (
            <button type="button" class="button small" onClick={() => attempt(restore(one.version))}>
              Restore
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

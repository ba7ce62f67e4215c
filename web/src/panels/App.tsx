/** The frame of the page: rail, top bar, band, and the place that the address names. */
import type { ComponentChildren } from "preact";
import type { Place, Theme } from "../address";
import { open } from "../hub";
import { chooseTheme, linkTo } from "../navigate";
import { address, busy, devices, hub, phase, session, startProblem, themeChoice } from "../state";
import { Band } from "./Band";
import { CopyButton } from "./CopyButton";
import { DevicePage } from "./DevicePage";
import { FirstSteps } from "./FirstSteps";
import { Auto, Back, Bell, Book, Branches, Day, Key, Moon, Pulse, Rows, Sun, Tiles } from "./icons";
import { Lazy } from "./Lazy";
import { LedgerPage } from "./LedgerPage";
import { Login } from "./Login";
import { Alive, deviceTitle, LastSeen, Overview } from "./Overview";
import { RangePicker } from "./RangePicker";
import { StatusPage } from "./StatusPage";
import { TITLES } from "./titles";
import { LazyAccess } from "./LazyAccess";
import { LazyRules } from "./LazyRules";
import { LazyTopics } from "./LazyTopics";

function RailLink(props: { place: Place; current: boolean; children: ComponentChildren }) {
  return (
    <a
      href={linkTo({ place: props.place })}
      class={props.current ? "chosen" : ""}
      aria-current={props.current ? "page" : undefined}
      data-place={props.place.name}
    >
      {props.children}
    </a>
  );
}

function Rail() {
  const at = address.value.place.name;
  return (
    <nav class="rail" aria-label="Places">
      <a class="brand" href={linkTo({ place: { name: "overview" } })}>
        <Sun />
        <span>Heliograph</span>
      </a>
      <RailLink place={{ name: "overview" }} current={at === "overview" || at === "device"}>
        <Rows />
        <span>Overview</span>
      </RailLink>
      <RailLink place={{ name: "dashboards" }} current={at === "dashboards" || at === "dashboard"}>
        <Tiles />
        <span>Dashboards</span>
      </RailLink>
      <RailLink place={{ name: "topics", topic: null }} current={at === "topics"}>
        <Branches />
        <span>Topics</span>
      </RailLink>
      <RailLink place={{ name: "rules" }} current={at === "rules"}>
        <Bell />
        <span>Rules</span>
      </RailLink>
      <RailLink place={{ name: "ledger", device: null }} current={at === "ledger"}>
        <Book />
        <span>Ledger</span>
      </RailLink>
      <RailLink place={{ name: "access" }} current={at === "access"}>
        <Key />
        <span>Access</span>
      </RailLink>
      <RailLink place={{ name: "status" }} current={at === "status"}>
        <Pulse />
        <span>Status</span>
      </RailLink>
      <span class="rail-foot">{hub.value === null ? "" : `${hub.value.name} · ${hub.value.version}`}</span>
    </nav>
  );
}

const NEXT_THEME: Readonly<Record<Theme, Theme>> = { auto: "dark", dark: "light", light: "auto" };
const THEME_NAMES: Readonly<Record<Theme, string>> = { auto: "as the system", dark: "dark", light: "light" };

function ThemeButton() {
  const theme = themeChoice.value;
  const label = `Theme: ${THEME_NAMES[theme]}. Change to ${THEME_NAMES[NEXT_THEME[theme]]}`;
  return (
    <button
      type="button"
      class="button icon-only"
      onClick={() => chooseTheme(NEXT_THEME[theme])}
      title={label}
      aria-label={label}
      data-testid="theme"
    >
      {theme === "auto" ? <Auto /> : theme === "dark" ? <Moon /> : <Day />}
    </button>
  );
}

const UNTIMED: ReadonlySet<Place["name"]> = new Set([
  "topics",
  "rules",
  "access",
  "ledger",
  "status",
  "dashboards",
]);

function LedgerTitle({ device }: { device: string }) {
  return (
    <>
      <a
        class="button icon-only"
        href={linkTo({ place: { name: "ledger", device: null } })}
        title="The whole ledger"
        aria-label="The whole ledger"
      >
        <Back />
      </a>
      <h1 class="long-name">
        <bdi>{device}</bdi>
      </h1>
    </>
  );
}

function Title() {
  const { place } = address.value;
  if (place.name === "dashboard" || place.name === "shared") return <Lazy part="BoardTitle" />;
  if (place.name === "ledger" && place.device !== null) return <LedgerTitle device={place.device} />;
  if (place.name !== "device") return <h1>{TITLES[place.name]}</h1>;
  const device = devices.value?.find((one) => one.name === place.device);
  return (
    <>
      <a
        class="button icon-only"
        href={linkTo({ place: { name: "overview" } })}
        title="All devices"
        aria-label="All devices"
      >
        <Back />
      </a>
      {device === undefined ? null : <Alive device={device} />}
      <h1 class="long-name">
        <bdi>{deviceTitle({ name: place.device })}</bdi>
      </h1>
      {device === undefined ? null : (
        <span class="seen">
          <LastSeen device={device} />
        </span>
      )}
    </>
  );
}

function TopBar() {
  const timed = !UNTIMED.has(address.value.place.name) && phase.value !== "empty";
  return (
    <header class="top">
      <div class="title">
        <Title />
      </div>
      {address.value.place.name === "dashboard" || address.value.place.name === "shared" ? (
        <Lazy part="BoardControls" />
      ) : timed ? (
        <RangePicker />
      ) : null}
      <ThemeButton />
      <div class={busy.value ? "progress busy" : "progress"} aria-hidden="true" />
    </header>
  );
}

function PlaceView() {
  const { place } = address.value;
  if (place.name === "status") return <StatusPage />;
  if (place.name === "dashboards") return <Lazy part="DashboardList" />;
  if (place.name === "dashboard") return <Lazy part="DashboardPage" />;
  if (place.name === "topics") return <LazyTopics topic={place.topic} />;
  if (place.name === "rules") return <LazyRules />;
  if (place.name === "access") return <LazyAccess />;
  if (place.name === "ledger") return <LedgerPage key={place.device} device={place.device} />;
  if ((devices.value ?? []).length === 0) return <FirstSteps />;
  if (place.name === "device") return <DevicePage key={place.device} name={place.device} />;
  return <Overview />;
}

function StartFailed({ message }: { message: string }) {
  return (
    <main class="centre" data-testid="error">
      <div class="card">
        <h1>
          <Sun /> The page could not start
        </h1>
        <p class="problem" role="alert">
          {message}
        </p>
        <div class="buttons">
          <button type="button" class="button primary" onClick={() => void open()}>
            Try again
          </button>
          <CopyButton text={message} label="Copy the message" />
        </div>
      </div>
    </main>
  );
}

function Loading() {
  return (
    <div class="grid" data-testid="loading" aria-busy="true">
      {Array.from({ length: 6 }, (_, i) => (
        <div key={i} class="panel skeleton tall" />
      ))}
    </div>
  );
}

/** A dashboard by a link: nothing of the rest of the page is there. */
function SharedPage() {
  return (
    <div class="page alone">
      <div class="stage">
        <TopBar />
        <main>
          <Lazy part="DashboardPage" />
        </main>
      </div>
    </div>
  );
}

/** A dashboard needs no list of devices; what else there is does. */
const waits = (): boolean =>
  phase.value === "loading" && !(address.value.place.name === "dashboard" && session.value === "in");

export function App() {
  if (address.value.place.name === "shared") return <SharedPage />;
  if (phase.value === "login") return <Login />;
  if (phase.value === "error") return <StartFailed message={startProblem.value ?? ""} />;
  return (
    <div class="page">
      <Rail />
      <div class="stage">
        <TopBar />
        <Band />
        <main>{waits() ? <Loading /> : <PlaceView />}</main>
      </div>
    </div>
  );
}

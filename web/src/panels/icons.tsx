/** The page's few icons, drawn on a 20-unit grid with the text's colour. */
import type { ComponentChildren } from "preact";

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

/** A mirror's flash: the sun and the beam it throws. */
export const Sun = () => (
  <svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <circle cx="10" cy="14" r="5" />
    <path d="M14.5 9.5 21 3M10 5.5V3M3.5 14H1.5M5.4 9.4 3.8 7.8M16.5 16.2h2.2" />
  </svg>
);
export const Rows = () => (
  <Icon>
    <path d="M3 5h14M3 10h14M3 15h14" />
  </Icon>
);
/** Dashboards: tiles of different sizes. */
export const Tiles = () => (
  <Icon>
    <path d="M3 3.5h8v6H3zM14 3.5h3v6h-3zM3 12.5h3v4H3zM9 12.5h8v4H9z" />
  </Icon>
);
/** A ledger: lines, and a tick for what was found right. */
export const Book = () => (
  <Icon>
    <path d="M3 5h14M3 10h6M3 15h6M11.5 13l2 2 4-5" />
  </Icon>
);
export const Bell = () => (
  <Icon>
    <path d="M4 14h12M5.5 14V9a4.5 4.5 0 019 0v5M8.5 16.5h3" />
  </Icon>
);
export const Branches = () => (
  <Icon>
    <path d="M4 3v11a2 2 0 002 2h10M4 8h12" />
  </Icon>
);
export const Key = () => (
  <Icon>
    <path d="M9.5 10.5L17 3m-3 3l2.5 2.5M10.5 13a3.75 3.75 0 11-7.5 0 3.75 3.75 0 017.5 0z" />
  </Icon>
);
export const Pulse = () => (
  <Icon>
    <path d="M2 11h4l2-6 4 11 2-5h4" />
  </Icon>
);
export const Pause = () => (
  <Icon>
    <path d="M7 5v10M13 5v10" />
  </Icon>
);
export const Play = () => (
  <Icon>
    <path d="M6.5 4.5v11l9-5.5z" />
  </Icon>
);
export const Clock = () => (
  <Icon>
    <circle cx="10" cy="10" r="7" />
    <path d="M10 6v4l3 2" />
  </Icon>
);
export const Moon = () => (
  <Icon>
    <path d="M16 12A6.5 6.5 0 0 1 8 4a6.5 6.5 0 1 0 8 8z" />
  </Icon>
);
export const Day = () => (
  <Icon>
    <circle cx="10" cy="10" r="3.2" />
    <path d="M10 2.5v2M10 15.5v2M2.5 10h2M15.5 10h2M4.7 4.7l1.4 1.4M13.9 13.9l1.4 1.4M4.7 15.3l1.4-1.4M13.9 6.1l1.4-1.4" />
  </Icon>
);
export const Auto = () => (
  <Icon>
    <circle cx="10" cy="10" r="6.5" />
    <path class="filled" d="M10 3.5a6.5 6.5 0 0 1 0 13z" />
  </Icon>
);
export const Expand = () => (
  <Icon>
    <path d="M12 3.5h4.5V8M8 16.5H3.5V12M16.5 3.5 11 9M3.5 16.5 9 11" />
  </Icon>
);
export const Shrink = () => (
  <Icon>
    <path d="M16 8.5h-4.5V4M4 11.5h4.5V16M11.5 8.5 17 3M8.5 11.5 3 17" />
  </Icon>
);
export const Back = () => (
  <Icon>
    <path d="M12 4.5 6.5 10l5.5 5.5" />
  </Icon>
);
export const Down = () => (
  <Icon>
    <path d="M5.5 8 10 12.5 14.5 8" />
  </Icon>
);
export const Copy = () => (
  <Icon>
    <path d="M7.5 7.5h9v9h-9zM12.5 7.5v-4h-9v9h4" />
  </Icon>
);
export const Check = () => (
  <Icon>
    <path d="m4 10.5 4 4 8-9" />
  </Icon>
);
export const Leave = () => (
  <Icon>
    <path d="M8 4H4v12h4M12 6.5 15.5 10 12 13.5M15 10H8" />
  </Icon>
);
export const Plus = () => (
  <Icon>
    <path d="M10 4v12M4 10h12" />
  </Icon>
);

/** What the places are called; a dashboard has a title of its own. */
export const TITLES = {
  overview: "Overview",
  dashboards: "Dashboards",
  dashboard: "",
  topics: "Topics",
  rules: "Rules",
  access: "Access",
  ledger: "Ledger",
  status: "Status",
} as const;

/**
 * What is certain to be wanted for the dashboard in the address, on its way before the page's scripts are there:
 * the session, the dashboard, and the files that draw it. A small script of its own; the build tells it the files.
 */
export {};

declare global {
  interface Window {
    /** Answers by path, each to be taken once. */
    early?: Map<string, Promise<Response>>;
  }
}

const uid = /^#\/d\/([^/?]+)/.exec(location.hash)?.[1];
const shared = /^#shared=([^&]+)/.exec(location.hash)?.[1];
if (uid !== undefined || shared !== undefined) {
  const paths =
    uid === undefined
      ? [`/api/shared/${shared ?? ""}`]
      : ["/api/session", `/api/dashboards/${encodeURIComponent(decodeURIComponent(uid))}`];
  window.early = new Map(
    paths.map((path) => {
      const answer = fetch(path, { credentials: "same-origin" });
      answer.catch(() => undefined); // Whoever takes it hears of it.
      return [path, answer];
    }),
  );
  const names = document.querySelector<HTMLMetaElement>('meta[name="dashboard-files"]')?.content ?? "";
  for (const name of names.split(" ").filter((each) => each !== "")) {
    const link = document.createElement("link");
    [link.rel, link.href] = ["modulepreload", `/assets/${name}`];
    document.head.append(link);
  }
}

/** What the page's frame shows of dashboards; this module is the beginning of their own file. */
import "./kinds";
import "./kindsOther";
import "./refreshing";
import "./transforms";

export { BoardControls, BoardTitle } from "./Controls";
export { DashboardList } from "./DashboardList";
export { DashboardPage } from "./DashboardPage";

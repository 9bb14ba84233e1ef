import { render } from "preact";
import { App } from "./components/App.tsx";
import { connect } from "./socket.ts";
import { ask } from "./api.ts";
import { days, isCurrent, now, serviceNow } from "./store.ts";
import { welcome } from "./views/start/StartView.tsx";
import "./theme.ts";
import "./styles/app.css";

const DAYS_MS = 300_000;

setInterval(() => (now.value = serviceNow()), 1000);
setInterval(() => isCurrent.value && void ask("GET /api/days").then((fresh) => (days.value = fresh), () => undefined), DAYS_MS); // asked again soon
connect();
welcome();
render(<App />, document.getElementById("app")!);

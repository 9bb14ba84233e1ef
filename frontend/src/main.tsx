import { render } from "preact";
import { App } from "./components/App.tsx";
import { connect } from "./socket.ts";
import { now } from "./store.ts";
import { welcome } from "./views/start/fresh.ts";
import "./theme.ts";
import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/house.css";
import "./styles/source.css";
import "./styles/forms.css";
import "./styles/lists.css";
import "./styles/views.css";

setInterval(() => (now.value = Date.now() / 1000), 1000);
connect();
welcome();
render(<App />, document.getElementById("app")!);

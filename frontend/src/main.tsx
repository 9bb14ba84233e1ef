import { render } from "preact";
import { App } from "./components/App.tsx";
import { connect } from "./socket.ts";
import { now } from "./store.ts";
import "./theme.ts";
import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/house.css";
import "./styles/source.css";
import "./styles/forms.css";
import "./styles/lists.css";
import "./styles/views.css";
import "./styles/access.css";
import "./styles/selftest.css";

setInterval(() => (now.value = Date.now() / 1000), 1000);
connect();
render(<App />, document.getElementById("app")!);

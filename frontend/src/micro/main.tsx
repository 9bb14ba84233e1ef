import { render } from "preact";
import { connect } from "../socket.ts";
import { now } from "../store.ts";
import "../theme.ts";
import { Micro } from "./Micro.tsx";
import { sendOver } from "./sending.ts";
import "../styles/base.css";
import "../styles/home.css";
import "../styles/source.css";
import "../styles/forms.css";
import "../styles/access.css";
import "../styles/selftest.css";
import "../styles/micro.css";

setInterval(() => (now.value = Date.now() / 1000), 1000);
sendOver(connect());
render(<Micro />, document.getElementById("app")!);

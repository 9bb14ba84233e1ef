import { render } from "preact";
import { connect } from "../socket.ts";
import { now } from "../store.ts";
import "../theme.ts";
import { Micro } from "./Micro.tsx";
import { sendOver } from "./sending.ts";
import "../styles/micro.css";

setInterval(() => (now.value = Date.now() / 1000), 1000);
sendOver(connect());
render(<Micro />, document.getElementById("app")!);

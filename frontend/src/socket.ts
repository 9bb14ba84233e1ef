// The live side: every Socket.IO event, taken into the store. Reconnects by itself, for ever.
import { effect } from "@preact/signals";
import { io } from "socket.io-client";
import { lookAtAccess } from "./access.ts";
import { lookAtNodes } from "./nodes.ts";
import { attemptSaving } from "./saving.ts";
import { pictures } from "./feeds.ts";
import { heard, isIn, learningNews, link, mqtt, newestClip, opened, problems, returns, running, takeAttempt, takeClap, takeGreeting, takeLevels, takeModel, takeSettings, takeStatus, takeVerdict } from "./store.ts";
import type { Connection } from "./types.ts";
import { watchOver } from "./spectrograms.ts";

export function connect(): Connection {
  const socket: Connection = io(location.origin, {
    path: new URL("socket.io", document.baseURI).pathname,
    transports: ["websocket", "polling"],
    tryAllTransports: true,
    autoConnect: false,
    reconnectionDelay: 500,
    reconnectionDelayMax: 3000,
  });
  socket.on("connect", () => {
    link.value = "connected";
    if (opened.value) returns.value += 1;
    attemptSaving();
    lookAtNodes();
    watchOver(socket);
  });
  socket.on("disconnect", lose);
  socket.on("connect_error", lose);
  socket.on("state", takeGreeting);
  socket.on("clap", takeClap);
  socket.on("source", takeStatus);
  socket.on("delivery", takeAttempt);
  socket.on("clip", ({ event_id }) => (newestClip.value = event_id));
  socket.on("learning", (news) => (learningNews.value = news));
  socket.on("labels", (news) => (heard.value = news));
  socket.on("verdict", takeVerdict);
  socket.on("picture", (news) => pictures.publish(news));
  socket.on("level", takeLevels);
  socket.on("model", takeModel);
  socket.on("settings", takeSettings);
  socket.on("mqtt", ({ state }) => (mqtt.value = state));
  socket.on("problems", (news) => (problems.value = news));
  socket.on("detection_status", ({ status }) => (running.value = status === "started"));
  effect(() => void (isIn.value ? socket.connect() : socket.disconnect()));
  void lookAtAccess();
  return socket;
}

/** The connection is gone, or was refused: perhaps because the login has ended. */
function lose(): void {
  link.value = "lost";
  void lookAtAccess();
}

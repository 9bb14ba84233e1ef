// Names for parts of what the service says (wire.ts).
import type { Socket } from "socket.io-client";
import type { ClientEvents, Delivery, Detection, Queries, ServerEvents, ShownSettings, Snapshot, Trouble } from "./wire.ts";

export type Language = Snapshot["language"];
/** A sentence that the service already put into words. */
export type Worded = Pick<Trouble, "code" | "message_fr" | "message_en">;
export type SourceSettings = ShownSettings["sources"][number];
export type Kind = SourceSettings["kind"];
/** What a source of any kind listens to: forms take it apart by the names of its fields. */
export type Input = Record<string, unknown>;
export type Mark = NonNullable<Detection["mark"]>;
/** Which detections: all that fit every value given; times in UTC Unix seconds. */
export type HistoryFilter = Omit<Queries["GET /api/history"], "limit" | "cursor" | "lang">;
export type DeliveryState = Delivery["state"];

/** The connection: what each event of either side carries, and what is answered to those that are. */
export type Connection = Socket<
  { [Name in keyof ServerEvents]: (data: ServerEvents[Name]) => void },
  {
    watch: (data: ClientEvents["watch"], answered: (why: Worded) => void) => void;
    micro_open: (data: ClientEvents["micro_open"], answered: (why: Worded) => void) => void;
    micro_sound: (block: ArrayBuffer) => void;
    micro_close: (data: ClientEvents["micro_close"]) => void;
  }
>;

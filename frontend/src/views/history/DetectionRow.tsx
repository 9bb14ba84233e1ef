import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ask, clipAddress } from "../../api.ts";
import { AskFirst, Menu } from "../../components/Buttons.tsx";
import { SoundNames } from "../../components/Heard.tsx";
import { Shape } from "../../components/Shape.tsx";
import { clock, duration, iso, score } from "../../i18n/format.ts";
import { type Key, t } from "../../i18n/index.ts";
import { receiverOf } from "../../receivers.ts";
import { alsoHeardBy, attempts, forgotten, takeSnapshot } from "../../store.ts";
import { shade } from "../../theme.ts";
import type { DeliveryState, Mark } from "../../types.ts";
import type { Attempt, Detection } from "../../wire.ts";
import { paletteOf } from "../source/picture.ts";
import { SHAPES } from "./DeliveryList.tsx";
import { BANDS, spectrogram } from "./spectrogram.ts";

interface Props {
  event: Detection;
  onChange: (event: Detection) => void;
  onFail: (error: unknown) => void;
}

/** One detection: when, where, what, how sure, what became of its deliveries, and all that can be done with it. */
export function DetectionRow({ event, onChange, onFail }: Props) {
  const also = alsoHeardBy(event);
  const playing = useSignal(false);
  const sent = useSignal(0);
  const mark = (said: Mark) => void ask("PATCH /api/history/{event_id}", { path: { event_id: event.id }, body: { mark: event.mark === said ? null : said } }).then(onChange).catch(onFail);
  const replay = () => void ask("POST /api/history/{event_id}/replay", { path: { event_id: event.id } }).then(({ receivers }) => (sent.value = receivers)).catch(onFail);
  const remove = () => void ask("DELETE /api/history/{event_id}", { path: { event_id: event.id } }).then(() => ask("GET /api/state")).then((state) => {
    forgotten.value += 1;
    takeSnapshot(state); // the home page shows it, too
  }).catch(onFail);
  return (
    <>
      <tr id={`detection-${event.id}`}>
        <td><time class="numbers" dateTime={iso(event.timestamp)}>{clock(event.timestamp)}</time></td>
        <td class="found-source"><b class="clip" dir="auto" title={event.source_name}>{event.source_name}</b>{also.length > 0 && <span class="muted also" dir="auto">{t("feed.also", { sources: also.join(", ") })}</span>}</td>
        <td class="found-what">
          <span aria-hidden="true">👏</span> {event.trigger_name || (event.applause ? t("feed.applause") : t("history.claps", { count: event.claps }))}
          <SoundNames labels={event.labels} />
          {event.test && <span class="tag">{t("deliveries.test")}</span>}
          {event.mark && <span class="tag">{t(`history.mark_${event.mark}` satisfies Key)}</span>}
          {event.clip && (
            <button type="button" class="quiet small" aria-expanded={playing.value} onClick={() => (playing.value = !playing.value)}>
              <span aria-hidden="true">▶</span> {t("history.listen")}
            </button>
          )}
        </td>
        <td><span class="score-pill numbers">{score(event.score)}</span></td>
        <td class="found-deliveries"><Sent event={event} again={sent.value} /></td>
        <td>
          <Menu label={t("history.actions_of", { when: clock(event.timestamp) })}>
            <button type="button" class="quiet" aria-pressed={event.mark === "clap"} onClick={() => mark("clap")}>{t("history.is_clap")}</button>
            <button type="button" class="quiet" aria-pressed={event.mark === "not_clap"} onClick={() => mark("not_clap")}>{t("history.is_not_clap")}</button>
            <button type="button" class="quiet" onClick={replay}>{t("history.replay")}</button>
            <AskFirst label={t("history.delete")} question={t("history.delete_sure")} onSure={remove} />
          </Menu>
        </td>
      </tr>
      {playing.value && <tr class="found-clip"><td colSpan={6}><ClipPlayer id={event.id} /></td></tr>}
    </>
  );
}

/** How each delivery stands, by the newest that is known of it; after sending again, to how many. */
function Sent({ event, again }: { event: Detection; again: number }) {
  const live = new Map<string, Attempt>();
  for (const one of attempts.value) if (one.event_id === event.id && !live.has(one.target_id)) live.set(one.target_id, one);
  const targets = [...new Set([...event.deliveries.map(({ target_id }) => target_id), ...live.keys()])];
  return (
    <>
      {targets.length === 0 && !again && <span class="muted">{t("delivery.none")}</span>}
      {targets.map((target) => {
        const attempt = live.get(target);
        const state = attempt ? stateAfter(attempt) : event.deliveries.find((one) => one.target_id === target)!.state;
        return (
          <span key={target} class={`outcome found-${SHAPES[state]}`} title={receiverOf(attempt ?? { target_id: target, url: "" })}>
            <Shape is={SHAPES[state]} />{t(`deliveries.state_${state}` satisfies Key)}{attempt?.ok && ` ${duration(attempt.took_s)}`}
          </span>
        );
      })}
      <output class="muted">{again > 0 && t("history.replayed", { count: again })}</output>
    </>
  );
}

/** What an attempt made of its delivery. */
function stateAfter({ ok, retry_in_s: retryInS, code }: Attempt): DeliveryState {
  if (ok) return "taken";
  if (code === "delivery.too_late") return "late";
  return retryInS === null ? "given_up" : "waiting";
}

/** The sound around a detection: to be heard, and seen while it plays. */
function ClipPlayer({ id }: { id: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const along = useSignal(0);
  const address = new URL(clipAddress(id), document.baseURI).href;
  const shownIn = shade.value;
  useEffect(() => {
    let isWanted = true;
    fetch(address).then((answer) => answer.arrayBuffer())
      .then((sound) => new OfflineAudioContext(1, 1, 16_000).decodeAudioData(sound))
      .then((sound) => isWanted && draw(canvas.current!, sound.getChannelData(0), shownIn))
      .catch(() => undefined); // a browser that cannot decode it says so in the player itself
    return () => (isWanted = false, undefined);
  }, [address, shownIn]);
  return (
    <div class="clip-player">
      <div class="clip-picture">
        <canvas ref={canvas} height={BANDS} role="img" aria-label={t("history.clip_picture")} />
        <i style={{ left: `${100 * along.value}%` }} />
      </div>
      <audio
        controls autoplay preload="auto" src={address} aria-label={t("history.listen")}
        onTimeUpdate={({ currentTarget: { currentTime, duration } }) => (along.value = duration ? currentTime / duration : 0)}
      />
    </div>
  );
}

function draw(canvas: HTMLCanvasElement, samples: Float32Array, shownIn: "dark" | "light"): void {
  const columns = spectrogram(samples);
  const colours = paletteOf(shownIn);
  canvas.width = columns.length;
  const image = new ImageData(columns.length, BANDS);
  columns.forEach((column, x) => column.forEach((loudness, band) => {
    const at = 4 * ((BANDS - 1 - band) * columns.length + x);
    image.data.set(colours.subarray(4 * loudness, 4 * loudness + 4), at);
  }));
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  canvas.dataset["drawn"] = "true";
}

import { t } from "../../i18n/index.ts";
import { SourceCard } from "../../components/SourceCard.tsx";
import { broken, folded, isFew, rooms, type Room } from "./rooms.ts";
import { Tile } from "./Tile.tsx";
import { sources } from "../../store.ts";

/** All sources, room by room. */
export function Wall() {
  if (isFew.value) return <div class="cards">{sources.value.map((source) => <SourceCard key={source.id} source={source} />)}</div>;
  if (rooms.value.length === 1) return <Tiles of={rooms.value[0]!} />;
  return <>{rooms.value.map((room) => <Folding key={room.name} room={room} />)}</>;
}

const Tiles = ({ of }: { of: Room }) => <div class="tiles">{of.sources.map((source) => <Tile key={source.id} source={source} />)}</div>;

function Folding({ room }: { room: Room }) {
  const { name } = room;
  const failing = room.sources.filter(({ id }) => broken.value.some((one) => one.id === id)).length;
  const toggle = (isOpen: boolean) => {
    const others = folded.value.filter((one) => one !== name);
    if (isOpen === folded.value.includes(name)) folded.value = isOpen ? others : [...others, name];
  };
  return (
    <details class="room" open={!folded.value.includes(name)} onToggle={(event) => toggle(event.currentTarget.open)}>
      <summary>
        <h2 dir="auto">{name || t("room.none")}</h2>
        <span class="muted">{t("room.sources", { count: room.sources.length })}</span>
        {failing > 0 && <span class="room-broken">{t("home.broken", { count: failing })}</span>}
      </summary>
      <Tiles of={room} />
    </details>
  );
}

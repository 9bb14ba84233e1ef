import { opened, sources } from "../store.ts";
import { AddSource } from "./AddSource.tsx";
import { Announcer } from "./Announcer.tsx";
import { Deliveries } from "./Deliveries.tsx";
import { Detections } from "./Detections.tsx";
import { Footer } from "./Footer.tsx";
import { Header } from "./Header.tsx";
import { HouseEar } from "./HouseEar.tsx";
import { PhoneCard } from "./PhoneCard.tsx";
import { Problems } from "./Problems.tsx";
import { SoundsHeard } from "./SoundsHeard.tsx";
import { SourceCard } from "./SourceCard.tsx";

export function App() {
  return (
    <>
      <Header />
      <main>
        <Problems />
        <div class="house">
          <div class="side">
            <HouseEar />
            {opened.value && <SoundsHeard />}
          </div>
          <div class="rest">
            <div class="sources">
              {sources.value.map((source) => <SourceCard key={source.id} source={source} />)}
              {opened.value && <AddSource />}
            </div>
            {opened.value && <PhoneCard />}
            {opened.value && <Detections />}
            {opened.value && <Deliveries />}
          </div>
        </div>
      </main>
      <Footer />
      <Announcer />
    </>
  );
}

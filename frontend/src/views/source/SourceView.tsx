import { SourceCard } from "../../components/SourceCard.tsx";
import { t } from "../../i18n/index.ts";
import { linkTo } from "../../route.ts";
import { opened, sources } from "../../store.ts";
import { View } from "../View.tsx";

/** One source, close up. */
export function SourceView({ id }: { id: string }) {
  const source = sources.value.find((one) => one.id === id);
  if (!opened.value) return null;
  if (!source) {
    return (
      <View title={t("view.source_gone")}>
        <p class="muted">{t("view.source_gone_detail")}</p>
        <p><a href={linkTo.house}>{t("view.back")}</a></p>
      </View>
    );
  }
  return (
    <View key={id} title={source.name}>
      <div class="sources"><SourceCard source={source} /></div>
    </View>
  );
}

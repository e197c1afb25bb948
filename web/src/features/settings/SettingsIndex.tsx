import { Navigate } from "@tanstack/react-router";

import { useText } from "../../i18n/messages";
import { PageHeader } from "../shell/PageHeader";
import { SectionList } from "./SectionList";
import { useWide } from "./useWide";

/** The list of the settings, as a page of its own where there is no room beside the pages. */
export function SettingsIndex() {
  const text = useText();
  if (useWide()) return <Navigate to="/settings/profile" replace />;
  return (
    <>
      <PageHeader title={text("settings.title")} back />
      <SectionList detailed />
    </>
  );
}

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Schemas, User } from "../../../api/client";
import { Problem } from "../../../api/problem";
import { useToasts } from "../../../design/Toast";
import { useText } from "../../../i18n/messages";
import { useFieldErrors } from "../../../i18n/problems";
import { useSubmit } from "../../../offline/useSubmit";
import { countCharacters } from "../../compose/graphemes";
import { limitsQuery } from "../../compose/queries";
import { meQuery } from "../../sessions/useSession";
import { Form } from "../Form";
import { Loaded, SettingsPage } from "../SettingsPage";
import { UnsavedGuard } from "../UnsavedGuard";
import { type ProfileInput, saveProfile } from "../actions";
import { PictureFields } from "../pictures/PictureFields";
import type { NewPicture } from "../pictures/upload";
import { CountedField } from "./CountedField";

const FIELDS = ["display_name", "bio", "location", "website"] as const;

type FieldName = (typeof FIELDS)[number];
type Texts = Pick<User, FieldName>;

/** The documented limits, until the server's own are read. */
const MAX_CHARACTERS: Record<FieldName, number> = { display_name: 50, bio: 160, location: 30, website: 100 };

export function ProfileSettings() {
  const text = useText();
  const me = useQuery(meQuery);
  return (
    <SettingsPage title={text("settings.profile")}>
      <Loaded query={me}>{(user) => <ProfileForm key={user.id} me={user} />}</Loaded>
    </SettingsPage>
  );
}

function ProfileForm({ me }: { me: User }) {
  const text = useText();
  const toasts = useToasts();
  const limits = useQuery(limitsQuery);
  const saving = useSubmit(saveProfile);
  // Only what the user changed: the rest follows what the server has.
  const [edits, setEdits] = useState<Partial<Texts>>({});
  const [avatar, setAvatar] = useState<NewPicture | null>();
  const [banner, setBanner] = useState<NewPicture | null>();

  const changes = changesOf(me, edits, avatar, banner);
  const unsaved = Object.keys(changes).length > 0;
  const maxOf = (field: FieldName) => maxCharacters(limits.data, field);
  const tooLong = FIELDS.some((field) => countCharacters(edits[field]?.trim() ?? "") > maxOf(field));
  const fieldErrors = useFieldErrors()(saving.error);
  const atField = saving.error instanceof Problem && FIELDS.some((field) => fieldErrors[field]);

  const save = async () => {
    if (!(await saving.submit(changes))) return;
    setEdits({});
    setAvatar(undefined);
    setBanner(undefined);
    toasts.show({ text: text("settings.saved") });
  };
  const props = (field: FieldName) => ({
    name: field,
    value: edits[field] ?? me[field],
    max: maxOf(field),
    error: fieldErrors[field],
    onChange: (value: string) => {
      saving.clear();
      setEdits((before) => ({ ...before, [field]: value }));
    },
  });

  return (
    <Form
      submit={text("settings.save")}
      onSubmit={() => void save()}
      pending={saving.pending}
      disabled={!unsaved || tooLong}
      error={atField ? undefined : saving.error}
    >
      <PictureFields
        me={me}
        avatar={avatar}
        banner={banner}
        onAvatar={(picture) => {
          saving.clear();
          setAvatar(picture);
        }}
        onBanner={(picture) => {
          saving.clear();
          setBanner(picture);
        }}
      />
      <CountedField
        {...props("display_name")}
        label={text("settings.display_name")}
        hint={text("settings.display_name_hint", { handle: me.handle })}
        autoComplete="name"
      />
      <CountedField {...props("bio")} label={text("settings.bio")} lines />
      <CountedField {...props("location")} label={text("settings.location")} autoComplete="off" />
      <CountedField
        {...props("website")}
        label={text("settings.website")}
        placeholder="https://"
        inputMode="url"
        autoComplete="url"
        direction="ltr"
      />
      <UnsavedGuard unsaved={unsaved && !saving.pending} />
    </Form>
  );
}

function maxCharacters(limits: Schemas["Limits"] | undefined, field: FieldName): number {
  return limits?.texts[field].max_characters ?? MAX_CHARACTERS[field];
}

function changesOf(
  me: User,
  edits: Partial<Texts>,
  avatar: NewPicture | null | undefined,
  banner: NewPicture | null | undefined,
): ProfileInput {
  const changes: ProfileInput = {};
  for (const field of FIELDS) {
    const value = edits[field]?.trim();
    if (value !== undefined && value !== me[field]) changes[field] = field === "website" ? webAddress(value) : value;
  }
  if (avatar !== undefined) changes.avatar = avatar;
  if (banner !== undefined) changes.banner = banner;
  return changes;
}

/** An address without its scheme, as many people write it, gets one. */
function webAddress(value: string): string {
  return value === "" || value.includes("://") ? value : `https://${value}`;
}

import { patchUser, queryClient } from "../../api/cache";
import { type Schemas, type User, api, unwrap } from "../../api/client";
import { idempotent } from "../../api/idempotency";
import type { Pages } from "../../api/pages";
import { defineAction } from "../../offline/actions";
import { meQuery } from "../sessions/useSession";
import { type NewPicture, uploadPicture } from "./pictures/upload";
import { emailQuery, sessionsList, settingsQuery } from "./queries";

const header = (key: string) => ({ params: { header: idempotent(key) } });

function showMe(me: User): void {
  queryClient.setQueryData(meQuery.queryKey, me);
  // Lists hold users without what only a profile shows.
  patchUser(me.id, (user) => ({ ...user, ...me }));
}

export interface ProfileInput extends Omit<Schemas["ProfileChange"], "avatar_media_id" | "banner_media_id"> {
  /** Null removes it. */
  avatar?: NewPicture | null;
  banner?: NewPicture | null;
}

export const saveProfile = defineAction<ProfileInput, User>({
  name: "settings.save_profile",
  send: async ({ avatar, banner, ...texts }, key) => {
    const [avatarId, bannerId] = await Promise.all([avatar && uploadPicture(avatar), banner && uploadPicture(banner)]);
    const body = {
      ...texts,
      ...(avatarId === undefined ? {} : { avatar_media_id: avatarId }),
      ...(bannerId === undefined ? {} : { banner_media_id: bannerId }),
    };
    return unwrap(api.PATCH("/v2/users/me", { ...header(key), body }));
  },
  succeed: showMe,
  failure: "settings.save_failed",
});

export const setProtected = defineAction<{ protected: boolean }, User>({
  name: "settings.set_protected",
  lane: () => "settings.protected",
  send: (body, key) => unwrap(api.PATCH("/v2/users/me", { ...header(key), body })),
  apply: ({ protected: wanted }) => {
    const me = queryClient.getQueryData(meQuery.queryKey);
    if (!me) return () => undefined;
    patchUser(me.id, (user) => ({ ...user, protected: wanted }));
    return () => patchUser(me.id, (user) => ({ ...user, protected: me.protected }));
  },
  succeed: (me) => {
    showMe(me);
    // Follow requests that waited are accepted.
    void queryClient.invalidateQueries({ queryKey: ["follow-requests"] });
  },
  failure: "settings.save_failed",
});

export const changeSettings = defineAction<Schemas["SettingsChange"], Schemas["Settings"]>({
  name: "settings.change_settings",
  lane: () => "settings.settings",
  send: (body, key) => unwrap(api.PATCH("/v2/users/me/settings", { ...header(key), body })),
  apply: (change) => {
    const before = queryClient.getQueryData(settingsQuery.queryKey);
    if (!before) return () => undefined;
    queryClient.setQueryData(settingsQuery.queryKey, { ...before, ...change });
    return () => queryClient.setQueryData(settingsQuery.queryKey, before);
  },
  succeed: (settings) => queryClient.setQueryData(settingsQuery.queryKey, settings),
  failure: "settings.save_failed",
});

const showEmail = (email: Schemas["Email"]) => queryClient.setQueryData(emailQuery.queryKey, email);

export const setEmail = defineAction<Schemas["NewEmail"], Schemas["Email"]>({
  name: "settings.set_email",
  send: (body, key) => unwrap(api.PUT("/v2/users/me/email", { ...header(key), body })),
  succeed: showEmail,
  failure: "settings.save_failed",
});

export const confirmEmail = defineAction<Schemas["EmailCode"], Schemas["Email"]>({
  name: "settings.confirm_email",
  send: (body, key) => unwrap(api.POST("/v2/users/me/email/confirmation", { ...header(key), body })),
  succeed: (email) => {
    showEmail(email);
    // This turns the digest on.
    void queryClient.invalidateQueries({ queryKey: ["notifications", "preferences"] });
  },
  failure: "settings.save_failed",
});

export const removeEmail = defineAction<void, unknown>({
  name: "settings.remove_email",
  send: (_, key) => unwrap(api.DELETE("/v2/users/me/email", header(key))),
  apply: () => {
    const before = queryClient.getQueryData(emailQuery.queryKey);
    showEmail({ address: null, confirmed: false });
    return () => queryClient.setQueryData(emailQuery.queryKey, before);
  },
  failure: "settings.remove_email_failed",
});

export const changePassword = defineAction<Schemas["PasswordChange"], unknown>({
  name: "settings.change_password",
  send: (body, key) => unwrap(api.POST("/v2/users/me/password", { ...header(key), body })),
  // Every other session ends.
  succeed: () => void queryClient.invalidateQueries({ queryKey: sessionsList.key }),
  failure: "settings.save_failed",
});

export const deleteAccount = defineAction<Schemas["Consent"], unknown>({
  name: "settings.delete_account",
  send: (body, key) => unwrap(api.DELETE("/v2/users/me", { ...header(key), body })),
  failure: "settings.delete_failed",
});

export const endSession = defineAction<{ sessionId: string }, unknown>({
  name: "settings.end_session",
  send: ({ sessionId }, key) =>
    unwrap(
      api.DELETE("/v2/sessions/{session_id}", {
        params: { path: { session_id: sessionId }, header: idempotent(key) },
      }),
    ),
  apply: ({ sessionId }) => {
    const before = queryClient.getQueryData<Pages<Schemas["Session"]>>(sessionsList.key);
    queryClient.setQueryData<Pages<Schemas["Session"]>>(sessionsList.key, (pages) =>
      pages && {
        ...pages,
        pages: pages.pages.map((page) => ({
          ...page,
          items: page.items.filter((each) => each.id !== sessionId),
        })),
      },
    );
    return () => queryClient.setQueryData(sessionsList.key, before);
  },
  failure: "settings.end_session_failed",
});

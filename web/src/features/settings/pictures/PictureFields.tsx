import { useQuery } from "@tanstack/react-query";
import { Camera, Trash2 } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";

import type { User } from "../../../api/client";
import { Avatar } from "../../../design/Avatar";
import { Button } from "../../../design/Button";
import { useText } from "../../../i18n/messages";
import { limitsQuery } from "../../compose/queries";
import { pictureSet } from "../../media/variants";
import { PictureCrop } from "./PictureCrop";
import styles from "./PictureFields.module.css";
import type { NewPicture } from "./upload";

/** Undefined stays, null is removed. */
type PictureChange = NewPicture | null | undefined;

const AVATAR = { aspect: 1, maxWidth: 800 };
const BANNER = { aspect: 3, maxWidth: 1800 };

interface PictureFieldsProps {
  me: User;
  avatar: PictureChange;
  banner: PictureChange;
  onAvatar: (picture: PictureChange) => void;
  onBanner: (picture: PictureChange) => void;
}

/** The two pictures of a profile, as it will show them. */
export function PictureFields({ me, avatar, banner, onAvatar, onBanner }: PictureFieldsProps) {
  const text = useText();
  const bannerUrl = banner === undefined ? keptBanner(me) : banner?.url;
  const hasAvatar = avatar === undefined ? me.avatar_media_id !== null : avatar !== null;
  const hasBanner = banner === undefined ? me.banner_media_id !== null : banner !== null;
  return (
    <div className={styles.pictures}>
      <div className={styles.preview} aria-hidden>
        <div className={styles.banner}>{bannerUrl && <img src={bannerUrl} alt="" crossOrigin="anonymous" />}</div>
        <span className={styles.avatar}>
          {avatar ? <img src={avatar.url} alt="" /> : <Avatar user={avatar === null ? { ...me, avatar: null } : me} size={88} />}
        </span>
      </div>
      <div className={styles.fields}>
        <PictureField
          label={text("settings.avatar")}
          change={text("settings.change_avatar")}
          remove={text("settings.remove_avatar")}
          there={hasAvatar}
          shape={AVATAR}
          round
          onChange={onAvatar}
        />
        <PictureField
          label={text("settings.banner")}
          change={text("settings.change_banner")}
          remove={text("settings.remove_banner")}
          there={hasBanner}
          shape={BANNER}
          onChange={onBanner}
        />
      </div>
    </div>
  );
}

interface PictureFieldProps {
  label: string;
  change: string;
  remove: string;
  there: boolean;
  shape: { aspect: number; maxWidth: number };
  round?: boolean;
  onChange: (picture: PictureChange) => void;
}

function PictureField({ label, change, remove, there, shape, round = false, onChange }: PictureFieldProps): ReactNode {
  const text = useText();
  const limits = useQuery(limitsQuery);
  const errorId = useId();
  const input = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const [opened, setOpened] = useState<{ picture: ImageBitmap; contentType: string }>();
  const [failed, setFailed] = useState(false);
  const urls = useRef<string[]>([]);
  useEffect(() => () => urls.current.forEach((url) => URL.revokeObjectURL(url)), []);
  const accepted = limits.data?.media.kinds.find(({ kind }) => kind === "picture")?.content_types;

  const open = async (file: File) => {
    setFailed(false);
    try {
      setOpened({ picture: await createImageBitmap(file), contentType: file.type });
    } catch {
      setFailed(true);
    }
  };
  const close = () => {
    opened?.picture.close();
    setOpened(undefined);
  };

  return (
    <div className={styles.field} role="group" aria-label={label}>
      <input
        ref={input}
        type="file"
        hidden
        accept={accepted?.join(",") ?? "image/*"}
        aria-label={change}
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          // The same file can be chosen again.
          event.target.value = "";
          if (file) void open(file);
        }}
      />
      <Button
        variant="secondary"
        size="small"
        ref={button}
        aria-describedby={failed ? errorId : undefined}
        onClick={() => input.current?.click()}
      >
        <Camera size={16} />
        {change}
      </Button>
      {there && (
        <Button
          variant="quiet"
          size="small"
          onClick={() => {
            onChange(null);
            // This button goes.
            button.current?.focus();
          }}
        >
          <Trash2 size={16} />
          {remove}
        </Button>
      )}
      {failed && (
        <p id={errorId} className={styles.error} role="alert">
          {text("settings.picture_unreadable")}
        </p>
      )}
      {opened && (
        <PictureCrop
          title={change}
          {...opened}
          {...shape}
          round={round}
          onCrop={(blob) => {
            const url = URL.createObjectURL(blob);
            urls.current.push(url);
            onChange({ blob, url });
            close();
          }}
          onClose={close}
        />
      )}
    </div>
  );
}

function keptBanner(me: User): string | undefined {
  return me.banner?.state === "ready" ? pictureSet(me.banner).src : undefined;
}

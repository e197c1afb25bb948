import { Ellipsis, Link2, Trash2 } from "lucide-react";
import { useState } from "react";

import type { Post } from "../../api/client";
import { Button, IconButton } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Menu, type MenuItem } from "../../design/Menu";
import { useToasts } from "../../design/Toast";
import { useText } from "../../i18n/messages";
import { useAction } from "../../offline/useAction";
import { useConversationMute } from "../notifications/useConversationMute";
import { useMyId } from "../sessions/useSession";
import { useUserMenu } from "../users/useUserMenu";
import styles from "./PostMenu.module.css";
import { deletePost } from "./actions";

/** The rarer things that one can do with a post. */
export function PostMenu({ post }: { post: Post }) {
  const text = useText();
  const toasts = useToasts();
  const mine = useMyId() === post.author?.id;
  const deletion = useAction(deletePost);
  const conversationMute = useConversationMute(post);
  const [confirming, setConfirming] = useState(false);

  const author = useUserMenu(post.author);

  const copyLink = () => {
    void navigator.clipboard
      .writeText(`${location.origin}/posts/${post.id}`)
      .then(() => toasts.show({ text: text("posts.link_copied") }));
  };
  const items: MenuItem[] = [
    { label: text("posts.copy_link"), icon: <Link2 size={18} />, onSelect: copyLink },
    ...conversationMute.items,
  ];
  if (mine) {
    items.push({
      label: text("posts.delete"),
      icon: <Trash2 size={18} />,
      tone: "danger",
      onSelect: () => setConfirming(true),
    });
  }

  items.push(...author.items);

  return (
    <>
      {author.dialog}
      <Menu
        label={text("posts.more")}
        items={items}
        trigger={(props) => (
          <IconButton
            {...props}
            label={text("posts.more")}
            onClick={() => {
              conversationMute.look();
              props.onClick();
            }}
          >
            <Ellipsis size={20} />
          </IconButton>
        )}
      />
      {confirming && (
        <Dialog title={text("posts.delete_title")} onClose={() => setConfirming(false)}>
          <div className={styles.confirm}>
            <p>{text("posts.delete_text")}</p>
            <div className={styles.buttons}>
              <Button variant="secondary" onClick={() => setConfirming(false)}>
                {text("common.cancel")}
              </Button>
              <Button
                variant="danger"
                onClick={() => {
                  setConfirming(false);
                  void deletion.run({ postId: post.id });
                }}
              >
                {text("posts.delete")}
              </Button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  );
}

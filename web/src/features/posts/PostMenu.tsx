import { Ellipsis, Link2, Pencil, Trash2 } from "lucide-react";

import type { Post } from "../../api/client";
import { IconButton } from "../../design/Button";
import { Menu, type MenuItem } from "../../design/Menu";
import { useToasts } from "../../design/Toast";
import { useText } from "../../i18n/messages";
import { useComposer } from "../compose/ComposerProvider";
import { useConversationMute } from "../notifications/useConversationMute";
import { useMyId } from "../sessions/useSession";
import { useUserMenu } from "../users/useUserMenu";
import { useDeletion } from "./useDeletion";

/** The rarer things that one can do with a post. */
export function PostMenu({ post }: { post: Post }) {
  const text = useText();
  const toasts = useToasts();
  const mine = useMyId() === post.author?.id;
  const composer = useComposer();
  const conversationMute = useConversationMute(post);
  const deleteWithUndo = useDeletion();
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
    items.push(
      { label: text("posts.edit"), icon: <Pencil size={18} />, onSelect: () => composer.open({ edited: post }) },
      {
        label: text("posts.delete"),
        icon: <Trash2 size={18} />,
        tone: "danger",
        onSelect: () => deleteWithUndo(post),
      },
    );
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
    </>
  );
}

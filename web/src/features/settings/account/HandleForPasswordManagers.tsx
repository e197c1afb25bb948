/** Says to password managers whose password the form takes. Nobody sees it. */
export function HandleForPasswordManagers({ handle }: { handle: string }) {
  return <input type="text" name="username" autoComplete="username" value={handle} readOnly hidden />;
}

declare module "virtual:messages/*" {
  const messages: NonNullable<import("react-intl").IntlConfig["messages"]>;
  export default messages;
}

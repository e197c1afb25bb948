import { Explorer } from "../Explorer";
import { start } from "../start";

start("graphiql", <Explorer />);

import { Reference } from "../Reference";
import { start } from "../start";

start("reference", <Reference />);

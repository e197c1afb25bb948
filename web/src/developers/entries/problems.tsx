import { ProblemsPage } from "../ProblemsPage";
import { start } from "../start";

start("problems", <ProblemsPage />);

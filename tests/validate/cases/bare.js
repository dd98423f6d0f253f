// wants: syntax - error
import { bare } from "bare";
console.log(bare);

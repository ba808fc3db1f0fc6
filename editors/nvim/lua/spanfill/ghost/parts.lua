--- The parts of a suggestion that can be accepted: all, a word, a line.

local suggestions = require("spanfill.ghost.suggestion")

---@type table<"all"|"word"|"line", fun(tail: string): string>
return {
  all = function(tail)
    return tail
  end,
  word = suggestions.word,
  line = suggestions.line,
}

--- Everything that can be put on a key: its `<Plug>` map, its modes, the key suggested for it, what it does.

---@class spanfill.Action
---@field name string as in `keys = { NAME = "<key>" }` and, with dashes, in `<Plug>(spanfill-NAME)`
---@field modes string[]
---@field key string the suggested key
---@field what string
---@field run fun(): boolean? false where there was nothing to do and the key should do what else it does
---@field falls_through? boolean whether that may happen

---@param name string of a function of the public module
---@return fun(): boolean?
local function public(name)
  return function()
    return require("spanfill")[name]()
  end
end

---@param name string of a subcommand
---@return fun()
local function command(name)
  return function()
    require("spanfill.commands").on_selection(name)
  end
end

---@param name string
---@param modes string[]
---@param key string
---@param what string
---@param run fun(): boolean?
---@param falls_through? boolean
---@return spanfill.Action
local function action(name, modes, key, what, run, falls_through)
  return { name = name, modes = modes, key = key, what = what, run = run, falls_through = falls_through }
end

local insert, code = { "i" }, { "n", "x" }

---@type spanfill.Action[]
return {
  action("accept", insert, "<M-l>", "accept the suggestion", public("accept"), true),
  action("accept_word", insert, "<M-w>", "accept its next word", public("accept_word"), true),
  action("accept_line", insert, "<M-j>", "accept its next line", public("accept_line"), true),
  action("dismiss", insert, "<M-e>", "take it off the screen", public("dismiss"), true),
  action("next", insert, "<M-n>", "show the next suggestion", public("next")),
  action("previous", insert, "<M-p>", "show the previous suggestion", public("previous")),
  action("suggest", insert, "<M-i>", "ask for suggestions", public("suggest")),
  action("fill", code, "<Leader>sf", "fill the selection, or at the cursor", command("fill")),
  action("function", code, "<Leader>sF", "fill the function's body", command("function")),
  action("rewrite", code, "<Leader>sr", "rewrite to an instruction", command("rewrite")),
  action("optimise", code, "<Leader>so", "make the code faster", command("optimise")),
  action("fix", code, "<Leader>sx", "fix the diagnostic at the cursor", command("fix")),
  action("explain", code, "<Leader>se", "explain the code", command("explain")),
}

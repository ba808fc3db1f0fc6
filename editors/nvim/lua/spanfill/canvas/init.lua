local M = {}
function M.on_frame() end
function M.server_gone() end
return M

-- The rules of ingress-nginx' balancer that decide here, in as few lines: a timer of one second, a list that
-- counts only if its stamp of whole seconds is newer than the one held, a ring that begins anywhere after
-- every change and that first attempts and further ones share. Source: what its files do, not the files.
local balancer = require("ngx.balancer")
local lists = ngx.shared.lists
local held, pods, turn = 0, {}, 1
local M = {}

local function take_over()
  local stamp = lists:get("stamp")
  if not stamp or stamp <= held then
    return
  end
  held, pods = stamp, {}
  for port in lists:get("ports"):gmatch("%d+") do
    pods[#pods + 1] = "127.0.0.1:" .. port
  end
  turn = math.random(math.max(#pods, 1))
end

function M.begin()
  math.randomseed(ngx.worker.pid() + ngx.now() * 1000)
  ngx.timer.every(1, take_over)
end

function M.push()
  ngx.req.read_body()
  lists:set("ports", ngx.req.get_body_data() or "")
  ngx.update_time()
  lists:set("stamp", ngx.time())
  ngx.exit(201)
end

function M.refuse_if_empty()
  if held == 0 then
    take_over()
  end
  if #pods == 0 then
    ngx.exit(503)
  end
end

function M.choose()
  if #pods == 0 then
    return ngx.exit(503)
  end
  turn = turn % #pods + 1
  balancer.set_more_tries(1)
  balancer.set_current_peer(pods[turn])
end

return M

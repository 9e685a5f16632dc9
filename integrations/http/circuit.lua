-- One vendor's gate, rate, circuit and retry budget for the whole cluster, on Redis's own clock.
-- The twin of breaker.py, limiter.py, budget.py and local.py; every operation is atomic and one round trip.
--
-- Above this stands the vendor's `policy`, a table that the caller writes.
-- KEYS: the circuit (one packed table), its buckets (hash), half-open leases, nodes seen, nodes failing (each member →
-- microseconds)
-- ARGV: operation, arguments (JSON), and in tests the clock in microseconds
-- Every operation is given `known`, the highest generation its caller has seen, and after an absence a `seed`.
-- Returns {verdict, wait, state, mode, generation, lease granted, openings in a row, still open for, more …}, times in
-- microseconds, or {"unknown"} when Redis holds nothing of this vendor: then the caller asks again with a `seed`.

local circuit, buckets, leases, seen, failing = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local operation, given = ARGV[1], cjson.decode(ARGV[2])
local SECOND = 1000000
local BEYOND = 1000 -- generations: more than anybody can have missed of an earlier life of this circuit

local function clock()
  if ARGV[3] then return tonumber(ARGV[3]) end
  local time = redis.call("TIME")
  return time[1] * SECOND + time[2]
end

local now = clock()

-- One value, read and written whole: a hash of so many fields costs twice the time.
local stored = redis.call("GET", circuit)
local it = stored and cmsgpack.unpack(stored)
  or { state = "closed", mode = "auto", generation = 0, ["until"] = 0, opened = 0, last = 0, second = 0, head = 0,
    calls = 0, failures = 0, slow = 0, c = 0, f = 0, s = 0, done = 0, failed = 0, gate = 0, full_at = 0, tokens = 0 }
it.earned = it.earned or now -- of one that is new, or was stored before it was kept

local function forget_window()
  redis.call("DEL", buckets, failing)
  it.calls, it.failures, it.slow, it.head, it.c, it.f, it.s = 0, 0, 0, 0, 0, 0, 0
end

-- Every change of state begins a generation: what was let out before it says nothing about it. Leases outlive it: a
-- trial that is still out burdens the vendor, whatever the others have shown.
local function change(to)
  it.state, it.generation, it.done, it.failed = to, it.generation + 1, 0, 0
  if to ~= "half_open" then forget_window() end
end

-- A node counts as present, or as failing, for the length of the window.
local function show(key)
  redis.call("ZREMRANGEBYSCORE", key, "-inf", now - policy.window * SECOND)
  redis.call("ZADD", key, now, given.node)
end

-- One sick node must not cut the vendor off for all: a second one has to see it too, where there is a second one.
local function quorum()
  for _, key in ipairs({ seen, failing }) do
    redis.call("ZREMRANGEBYSCORE", key, "-inf", now - policy.window * SECOND)
  end
  return redis.call("ZCARD", failing) >= 2 or redis.call("ZCARD", seen) <= 1
end

-- Redis was empty or emptied: go on from what the caller knows, in a generation nobody has seen.
local function begin(seed)
  it.generation = math.floor(now / 1000)
  it.second, it.full_at, it.tokens = math.floor(now / SECOND), now + seed.debt, seed.tokens
  it.opened, it.mode = seed.opened, seed.mode
end

-- The caller was alone, or is the first here: its circuit, opened for good reasons, is its node's vote.
local function join(seed)
  if seed.hold > 0 then it.gate = math.max(it.gate, now + seed.hold) end
  if seed.ordered then
    it.mode, it.opened = seed.mode, 0
    change("closed")
  end
  if not seed.open or it.state ~= "closed" or (it.mode ~= "auto" and it.mode ~= "watch") then return end
  show(seen)
  show(failing)
  if quorum() then
    it["until"], it.opened = now + seed.open, seed.opened
    change("open")
  end
end

local function shift(by)
  for _, name in ipairs({ "until", "gate", "full_at", "earned" }) do
    if it[name] > 0 then it[name] = it[name] + by end
  end
  it.second = it.second + math.floor(by / SECOND)
  for _, key in ipairs({ leases, seen, failing }) do
    for _, member in ipairs(redis.call("ZRANGE", key, 0, -1)) do redis.call("ZINCRBY", key, by, member) end
  end
end

local function roll()
  local second = math.floor(now / SECOND)
  local gone = second - it.second
  it.second = second
  if gone == 0 then return end
  if gone >= policy.window then return forget_window() end
  -- The second under way is counted in the circuit itself; only ended ones become buckets.
  if it.c > 0 then redis.call("HSET", buckets, "c" .. it.head, it.c, "f" .. it.head, it.f, "s" .. it.head, it.s) end
  it.c, it.f, it.s = 0, 0, 0
  for _ = 1, gone do
    it.head = (it.head + 1) % policy.window
    local old = redis.call("HMGET", buckets, "c" .. it.head, "f" .. it.head, "s" .. it.head)
    if old[1] then
      it.calls, it.failures, it.slow = it.calls - old[1], it.failures - old[2], it.slow - old[3]
      redis.call("HDEL", buckets, "c" .. it.head, "f" .. it.head, "s" .. it.head)
    end
  end
end

local function earn()
  local by_time = (now - it.earned) * policy.retry_refill / (60 * SECOND)
  it.tokens = math.min(policy.retry_tokens, it.tokens + math.max(policy.retry_ratio, by_time))
  it.earned = now
end

local function answer(verdict, wait, ...)
  redis.call("SET", circuit, cmsgpack.pack(it))
  local left = it.state == "open" and math.max(0, it["until"] - now) or 0
  return { verdict, math.ceil(wait), it.state, it.mode, it.generation, 0, it.opened, math.ceil(left), ... }
end

local born = not stored
if born and not given.seed then return { "unknown" } end
if born then begin(given.seed)
elseif now < it.last then shift(now - it.last) end
it.last = now
roll()
-- Somebody has seen more than there is here, others perhaps more still: none of it must be taken for ours.
if born or given.known > it.generation then it.generation = math.max(it.generation, given.known) + BEYOND end
if given.seed then join(given.seed) end

-- The circuit

local function crossed()
  if it.calls < policy.minimum then return false end
  local too_many = it.failures >= policy.failure_rate * it.calls
  local too_slow = policy.slow and it.slow >= policy.slow_rate * it.calls
  return (too_many or too_slow) and quorum()
end

local function open()
  local longest = math.min(policy.open_for * 2 ^ math.min(it.opened, 20), policy.open_at_most)
  -- Jitter: what the moment is beyond its millisecond is as good as random, and both twins know it.
  it["until"] = now + longest * SECOND * (0.9 + 0.1 * (now % 1000) / 1000)
  it.opened = it.opened + 1
  change("open")
end

local function try(bad)
  it.done = it.done + 1
  if bad then it.failed = it.failed + 1 end
  if it.failed >= policy.failure_rate * policy.permits then open()
  elseif it.done >= policy.permits then
    it.opened = 0
    change("closed")
  end
end

local function count(failed, slow)
  it.calls, it.c = it.calls + 1, it.c + 1
  if failed then it.failures, it.f = it.failures + 1, it.f + 1 end
  if slow then it.slow, it.s = it.slow + 1, it.s + 1 end
  if failed or slow then show(failing) end
end

-- The operations

local function refused()
  if it.mode == "open" then return "open", policy.open_for * SECOND end
  if it.state ~= "closed" and it.mode ~= "closed" and it.mode ~= "disabled" then
    if it.state == "open" and now >= it["until"] then change("half_open") end
    if it.mode == "auto" and it.state == "open" then return "open", it["until"] - now end
    if it.mode == "auto" then
      redis.call("ZREMRANGEBYSCORE", leases, "-inf", now)
      if it.done + redis.call("ZCARD", leases) >= policy.permits then return "open", SECOND end
    end
  end
  if it.gate > now then return "gate", it.gate - now end
  if policy.rate > 0 then
    local interval = SECOND / policy.rate
    local wait = it.full_at - (math.max(policy.burst, 1) - 1) * interval - now
    if wait > 0 then return "rate", wait end
    it.full_at = math.max(it.full_at, now) + interval
  end
end

local function admit()
  local why, wait = refused()
  if why then return answer(why, wait) end
  local leased = it.state == "half_open" and it.mode == "auto"
  if leased then redis.call("ZADD", leases, now + policy.lease_for * SECOND, given.lease) end
  local found = answer("go", 0)
  found[6] = leased and 1 or 0
  return found
end

local function record()
  if given.hold then it.gate = math.max(it.gate, now + given.hold) end
  if given.outcome == "ok" then earn() end
  if given.node then show(seen) end
  local ends = 0
  if given.lease then
    ends = tonumber(redis.call("ZSCORE", leases, given.lease) or 0)
    redis.call("ZREM", leases, given.lease)
  end
  if given.generation == it.generation and given.outcome ~= "none" and it.mode ~= "disabled" then
    local failed = given.outcome == "fail"
    if it.state == "half_open" then
      if ends > now or it.mode == "watch" then try(failed or given.slow) end
    elseif it.state == "closed" then
      count(failed, given.slow)
      if it.mode ~= "closed" and crossed() then open() end
    end
  end
  return answer("ok", 0)
end

local function retry()
  local granted = it.tokens >= 1
  if granted then it.tokens = it.tokens - 1 end
  return answer(granted and "go" or "no", 0, tostring(it.tokens))
end

local function order()
  it.mode, it.opened = given.mode, 0
  change("closed")
  return answer("ok", 0)
end

local function look()
  local gate = math.ceil(math.max(0, it.gate - now))
  local live = redis.call("ZCOUNT", leases, "(" .. now, "+inf")
  return answer("ok", 0, it.calls, it.failures, it.slow, live, gate, tostring(it.tokens))
end

return ({ admit = admit, record = record, retry = retry, order = order, look = look })[operation]()

import { CELL_ROUNDING } from '@poorter/engine/counters';

/** First numbers of an answer that is none: nothing was taken. */
export const OTHER_STORE = -1;
export const TOO_LATE = -2;

/**
 * Finds the name of the store, or gives it one: a store that has lost its name has lost its counts.
 * It writes in any case, so that a replica and a full server refuse it as they would refuse a draw.
 *
 * KEYS: the name's. ARGV: a name for a store that has none.
 * Answers its name and its clock in microseconds.
 */
export const GREET_SCRIPT = `
local name = redis.call('GET', KEYS[1]) or ARGV[1]
redis.call('SET', KEYS[1], name)
local t = redis.call('TIME')
return { name, tonumber(t[1]) * 1000000 + tonumber(t[2]) }
`;

/**
 * Takes all draws of a call, or none. Rates are GCRA: the key holds the theoretical arrival time in
 * microseconds of the server's own clock, so that machines need not agree on theirs. Quotas hold a
 * count and end with their window.
 *
 * KEYS: the name of the store, then one a draw. ARGV: the name expected; the moment, of the
 * server's clock, after which nobody waits for the answer; 1 when this store has lost counts, else
 * 0; then five a draw: 'r', microseconds between calls, burst, cost, microseconds known to be used;
 * or 'q', calls, end of the window in milliseconds, 0, calls known to be used. What is known to be
 * used is respected; it is written down only in a store that has lost counts, because otherwise it
 * arrives by the script below.
 * Answers three numbers a draw, up to the one that refuses: allowed, calls left,
 * microseconds until whole (refused: until one would pass). Or one of the numbers above and the clock.
 */
export const DRAW_SCRIPT = `
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return { ${OTHER_STORE}, now } end
if now > tonumber(ARGV[2]) then return { ${TOO_LATE}, now } end
local restores = ARGV[3] == '1'
local answers, writes = {}, {}
for i = 2, #KEYS do
  local at = (i - 2) * 5 + 3
  local a, b = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local told = tonumber(ARGV[at + 5])
  local known = tonumber(redis.call('GET', KEYS[i]) or '0')
  if ARGV[at + 1] == 'r' then
    local whole = a * b
    local cost = a * tonumber(ARGV[at + 4])
    local own = math.max(known, now)
    local before = math.max(own, now + told)
    local after = before + cost
    if after - now > whole + a * ${CELL_ROUNDING} then
      answers[#answers + 1] = 0
      answers[#answers + 1] = 0
      answers[#answers + 1] = math.max(1, math.ceil(after - now - whole))
      return answers
    end
    answers[#answers + 1] = 1
    answers[#answers + 1] = math.max(0, math.floor((whole - (after - now)) / a + ${CELL_ROUNDING}))
    answers[#answers + 1] = math.ceil(after - now)
    local kept = restores and after or own + cost
    writes[i] = { string.format('%.17g', kept), math.max(1, math.ceil((kept - now) / 1000)) }
  else
    local left = math.ceil(b - now / 1000)
    -- A machine whose clock lags asks for a window that has ended here: it gets a short one.
    if left < 1 then left = 1000 end
    local used = math.max(known, told)
    if used + 1 > a then
      answers[#answers + 1] = 0
      answers[#answers + 1] = 0
      answers[#answers + 1] = left * 1000
      return answers
    end
    answers[#answers + 1] = 1
    answers[#answers + 1] = a - used - 1
    answers[#answers + 1] = left * 1000
    writes[i] = { string.format('%.0f', (restores and used or known) + 1), left }
  end
end
for i = 2, #KEYS do
  redis.call('SET', KEYS[i], writes[i][1], 'PX', writes[i][2])
end
return answers
`;

/**
 * Adds what a machine granted while the store was away, once, however often it is sent. A rate
 * becomes what it would be had the calls been counted as they came; what all machines together
 * gave beyond the allowance is paid back, at most one allowance of it.
 *
 * KEYS: the name of this batch, then one a subject. ARGV, five a subject: 'r', microseconds between
 * calls, burst, calls granted, microseconds until they would be refilled; or 'q', end of the window
 * in milliseconds, 0, calls granted, 0.
 */
export const MERGE_SCRIPT = `
if not redis.call('SET', KEYS[1], '1', 'NX', 'PX', 3600000) then return 0 end
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
for i = 2, #KEYS do
  local at = (i - 2) * 5
  local a, b = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local calls, untilWhole = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  local known = tonumber(redis.call('GET', KEYS[i]) or '0')
  if ARGV[at + 1] == 'r' then
    local after = math.min(math.max(known + a * calls, now + untilWhole), now + 2 * a * b)
    if after > now then
      redis.call('SET', KEYS[i], string.format('%.17g', after), 'PX', math.ceil((after - now) / 1000))
    end
  else
    local left = math.ceil(a - now / 1000)
    if left > 0 then redis.call('SET', KEYS[i], string.format('%.0f', known + calls), 'PX', left) end
  end
end
return 1
`;

// The live connection of a page: one WebSocket (an event stream where that cannot be had), resumed without loss.

const SHORTEST = 500;
const LONGEST = 30_000;
const SLACK = 10_000; // how much later than promised a heartbeat may come

/**
 * Connect on the session cookie and stay connected.
 * `onEvent({seq, name, data, at})` comes once per event and in order, `onReset()` when something was missed for
 * good, `onState("connecting" | "live" | "offline")` on every change. Returns `{close}`.
 * The same is told to the document as `patchbay:event`, `patchbay:reset` and `patchbay:state`.
 */
export function connect({ onEvent, onReset, onState, base = location.origin } = {}) {
  const here = { epoch: null, seq: 0 }; // how far this page has been told
  let state = "";
  let attempts = 0; // that failed since the last hello
  let greeted = false; // by the present connection
  let patience = 0; // milliseconds of silence after which a connection counts as lost
  let [timer, watchdog] = [0, 0];
  let stop = () => {}; // ends the present connection

  const tell = (name, detail, listener) => {
    listener?.(detail);
    document.dispatchEvent(new CustomEvent(`patchbay:${name}`, { detail }));
  };

  const enter = (next) => {
    if (state !== next) tell("state", (state = next), onState);
  };

  /** Take one frame; answers are given through `reply`, which an event stream does not have. */
  const take = (frame, reply) => {
    if (frame.type === "hello") {
      [greeted, attempts, patience] = [true, 0, frame.heartbeat * 1000 + SLACK];
      if (here.epoch === null || !reply) Object.assign(here, { epoch: frame.epoch, seq: frame.seq });
      reply?.({ type: "resume", epoch: here.epoch, seq: here.seq });
      enter("live");
    } else if (frame.type === "event" && frame.seq === here.seq + 1) {
      // Any other number is told already, or comes again after what was missed.
      here.seq = frame.seq;
      tell("event", { seq: frame.seq, name: frame.name, data: frame.data, at: frame.at }, onEvent);
    } else if (frame.type === "reset") {
      Object.assign(here, { epoch: frame.epoch, seq: frame.seq });
      tell("reset", null, onReset);
    } else if (frame.type === "ping") {
      reply?.({ type: "pong" });
    }
  };

  const hear = (text, reply) => {
    if (text) take(JSON.parse(text), reply);
    clearTimeout(watchdog);
    if (patience) watchdog = setTimeout(again, patience);
  };

  const overSocket = () => {
    const socket = new WebSocket(`${base.replace(/^http/, "ws")}/ws`);
    socket.onmessage = ({ data }) => hear(data, (answer) => socket.send(JSON.stringify(answer)));
    socket.onclose = again;
    return () => {
      socket.onmessage = socket.onclose = null;
      socket.close();
    };
  };

  const overStream = () => {
    const abort = new AbortController();
    const from = here.epoch === null ? "" : `?last_event_id=${here.epoch}-${here.seq}`;
    const read = async () => {
      const response = await fetch(`${base}/events${from}`, { signal: abort.signal, cache: "no-store" });
      if (response.status === 401) return enter("offline"); // signed out: asking again would not help
      if (response.ok) for await (const data of messages(response.body)) hear(data, null);
      again();
    };
    read().catch(() => abort.signal.aborted || again());
    return () => abort.abort();
  };

  const open = () => {
    end();
    enter(navigator.onLine ? "connecting" : "offline");
    // Where two sockets failed before a hello, something between us may not let them through.
    stop = attempts % 3 === 2 ? overStream() : overSocket();
  };

  const again = () => {
    if (!greeted) attempts += 1;
    end();
    enter(navigator.onLine && attempts < 4 ? "connecting" : "offline");
    const longest = Math.min(LONGEST, SHORTEST * 2 ** (attempts + 1));
    timer = setTimeout(open, SHORTEST + Math.random() * (longest - SHORTEST));
  };

  const end = () => {
    stop();
    [timer, watchdog].forEach(clearTimeout);
    [stop, timer, greeted] = [() => {}, 0, false];
  };

  // Looked at again: do not sit out the wait. Back on the network: the old connection may be dead and not know it.
  const seen = () => !document.hidden && timer && open();
  const lost = () => enter("offline");
  addEventListener("online", open);
  addEventListener("offline", lost);
  document.addEventListener("visibilitychange", seen);
  open();

  return {
    close() {
      end();
      removeEventListener("online", open);
      removeEventListener("offline", lost);
      document.removeEventListener("visibilitychange", seen);
    },
  };
}

/** The data of each message in an event stream as our server writes them: one `data:` line each, "" for a comment. */
async function* messages(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const line = block.split("\n").find((one) => one.startsWith("data: ")) ?? "";
      yield line.slice("data: ".length);
    }
  }
}

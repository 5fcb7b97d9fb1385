// The control socket: who runs, when it is held, when a new release is there. Carries no user data.

let control = null;
let held = false;
let greeted = false; // the server has said hello on this connection
let holdOver = () => {};

function startHold(max) {
  if (held) return;
  held = true;
  const shown = waiting("hold");
  const longest = setTimeout(endHold, max); // the server promised: longer it is not held
  holdOver = () => {
    clearTimeout(longest);
    shown();
  };
}

function endHold() {
  if (!held) return;
  held = false;
  holdOver();
  emit("resume");
  if (added.live) added.live.flush();
}

function report(frame) {
  if (control && frame.id) control.send(frame);
}

const milliseconds = (value, otherwise) => (Number.isFinite(value) && value >= 0 ? value : otherwise);

const onControl = {
  hello(frame) {
    greeted = true;
    beat(milliseconds(frame.hb, 25) * 1000);
    if (frame.held) startHold(milliseconds(frame.max, 5000));
    else endHold();
    if (!pageVsn) pageVsn = String(frame.vsn); // a plain tag: the page is taken for what runs now
    else if (pageVsn !== frame.vsn && !frame.held) {
      changed.push("*"); // upgraded while nobody listened: any file may be another one
      update(String(frame.vsn));
    }
  },
  hold(frame) {
    startHold(milliseconds(frame.max, 5000));
  },
  resume(frame) {
    endHold();
    const vsn = String(frame.vsn);
    if (!frame.ok) return;
    if (frame.render === "reload") location.reload();
    else if (frame.render === "none") pageVsn = vsn;
    else {
      const say = typeof frame.say === "string" ? frame.say : "";
      changed.push(...(frame.files || ["*"]));
      // Only files are old if the page shows what ran before.
      const only = frame.render === "css" && frame.from === pageVsn && !working;
      update(vsn, { id: String(frame.id), spread: milliseconds(frame.spread, 0), say, only });
    }
  },
  // Watch mode: what has to be said needs a script of its own, which nobody else loads.
  watch(frame) {
    if (coming.more || !frame.ok) part("more").then((more) => more.watch(frame), () => {});
  },
  bye(frame) {
    control.notBefore = performance.now() + milliseconds(frame.retry, 1000);
  },
};

let heartbeat = 0;
let heard = true;

// Ask once in a while; a connection that doesn't answer is dead, whatever the network layer believes.
function beat(every) {
  clearInterval(heartbeat);
  heard = true;
  heartbeat = setInterval(() => {
    if (!heard) control.drop();
    heard = false;
    control.send({ t: "ping" });
  }, Math.max(every, 1000));
}

function startControl() {
  if (!controlPath) return;
  control = line(() => socketUrl(controlPath + "?vsn=" + encodeURIComponent(pageVsn)), "flyhot.v1", {
    frame(frame) {
      heard = true;
      if (Object.hasOwn(onControl, frame.t)) onControl[frame.t](frame);
    },
    lost() {
      greeted = false;
      clearInterval(heartbeat);
      endHold();
    },
  });
  control.connect();
}

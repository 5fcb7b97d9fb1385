// The control socket: who runs, when it is held, when a new release is there. Carries no user data.

const INDICATOR_DELAY = 300; // a hold shorter than this is nobody's business
let control = null;
let held = false;
let greeted = false; // the server has said hello on this connection
let holdTimers = [];

function startHold(max) {
  if (held) return;
  held = true;
  holdTimers = [
    setTimeout(() => {
      document.documentElement.setAttribute("data-flyhot", "hold");
      document.body.setAttribute("aria-busy", "true");
      emit("hold");
    }, INDICATOR_DELAY),
    setTimeout(endHold, max), // the server promised: longer it is not held
  ];
}

function endHold() {
  if (!held) return;
  held = false;
  holdTimers.forEach(clearTimeout);
  if (document.documentElement.getAttribute("data-flyhot") === "hold") {
    document.documentElement.removeAttribute("data-flyhot");
    document.body.removeAttribute("aria-busy");
  }
  emit("resume");
  flushLive();
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
    else if (pageVsn !== frame.vsn && !frame.held) update(String(frame.vsn)); // upgraded while nobody listened
  },
  hold(frame) {
    startHold(milliseconds(frame.max, 5000));
  },
  resume(frame) {
    endHold();
    if (!frame.ok || frame.render === "none") {
      if (frame.ok) pageVsn = String(frame.vsn);
    } else if (frame.render === "reload") {
      location.reload();
    } else {
      const only = frame.render === "css" ? "css" : "";
      const say = typeof frame.say === "string" ? frame.say : "";
      update(String(frame.vsn), { id: String(frame.id), spread: milliseconds(frame.spread, 0), say, only });
    }
  },
  watch(frame) {
    sayWatch(frame);
  },
  bye(frame) {
    control.notBefore = performance.now() + milliseconds(frame.retry, 1000);
  },
};

let overlay = null;

// Watch mode: what has to be said needs a script of its own, which nobody else loads.
function sayWatch(frame) {
  if (!overlay && frame.ok) return;
  overlay ||= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    if (ownNonce) script.nonce = ownNonce;
    script.src = controlPath.replace(/ws$/, "overlay.js");
    script.setAttribute("data-flyhot-ignore", "");
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
    document.head.append(script);
  });
  overlay.then(() => emit("watch", frame), () => (overlay = null));
}

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

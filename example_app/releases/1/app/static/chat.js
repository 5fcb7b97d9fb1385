// The chat page: one websocket, one list. Knows more fields than release 1 sends, and needs none of them.
"use strict";
(() => {
  const log = document.getElementById("log");
  const state = document.getElementById("state");
  const text = document.getElementById("text");
  const name = sessionStorage.name || (sessionStorage.name = "guest-" + Math.floor(Math.random() * 900 + 100));
  const query = new URLSearchParams({ table: log.dataset.table, name });
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/chat?${query}`);
  const words = { joined: "sat down", left: "has left" };
  const opened = Date.now();

  const add = (message) => {
    const line = document.createElement("li");
    const who = document.createElement("b");
    who.textContent = message.name;
    if (message.hue !== undefined) who.style.color = `hsl(${message.hue} 60% 45%)`;
    line.className = message.type + (message.name === name ? " mine" : "");
    line.append(who, " ", message.text ?? words[message.type] ?? "");
    log.append(line);
    log.scrollTop = log.scrollHeight;
  };
  socket.onopen = () => { state.textContent = `you are ${name}, on one connection since ${new Date(opened).toLocaleTimeString()}`; };
  socket.onclose = (event) => { state.textContent = `the connection was closed (${event.code})`; };
  socket.onmessage = (event) => add(JSON.parse(event.data));
  document.getElementById("say").addEventListener("submit", (event) => {
    event.preventDefault();
    if (text.value) socket.send(JSON.stringify({ text: text.value }));
    text.value = "";
  });
})();

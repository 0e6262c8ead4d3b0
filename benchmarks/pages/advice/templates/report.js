"use strict";
(async function () {
  // Vega, which the page carries packed; where a browser cannot unpack it, the words and tables stay.
  if (!window.DecompressionStream) return;
  const packed = Uint8Array.from(atob(document.getElementById("vega-embed").textContent), (letter) => letter.charCodeAt(0));
  const code = new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")));
  document.head.append(Object.assign(document.createElement("script"), { textContent: await code.text() }));
  const errors = 1;  // the level of Vega's log
  for (const [identifier, chart] of Object.entries(JSON.parse(document.getElementById("charts").textContent))) {
    await window.vegaEmbed(`#${identifier}`, chart, { renderer: "svg", actions: false, logLevel: errors });
  }
})();

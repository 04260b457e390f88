(() => {
  "use strict";
  const make = (kind, className, text = "") => Object.assign(document.createElement(kind), { className, textContent: text });
  const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));

  function pixels(image) {
    const canvas = Object.assign(document.createElement("canvas"), { width: image.naturalWidth, height: image.naturalHeight });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0);
    return pen.getImageData(0, 0, canvas.width, canvas.height);
  }

  // A picture, a map in its colours, or the map over the picture in grey: as `overlay` in xaihelpers/plots.py draws it.
  function drawn(picture, map, colours, signed, alpha) {
    if (!map) return picture;
    const out = new ImageData(map.width, map.height);
    for (let i = 0; i < out.data.length; i += 4) {
      const level = map.data[i], strength = signed ? Math.abs(2 * level / 255 - 1) : level / 255;
      const share = picture ? alpha * (0.4 + 0.6 * strength) : 1;
      const grey = picture ? 0.299 * picture.data[i] + 0.587 * picture.data[i + 1] + 0.114 * picture.data[i + 2] : 0;
      for (let k = 0; k < 3; k++) out.data[i + k] = (1 - share) * grey + share * colours[3 * level + k];
      out.data[i + 3] = 255;
    }
    return out;
  }

  function slider(name, labels, start, moved) {
    const box = make("label", "xh-control"), shown = make("output", "", labels[start]);
    const input = Object.assign(make("input", ""), { type: "range", min: 0, max: labels.length - 1, step: 1 });
    const show = place => {
      input.value = place;
      shown.textContent = labels[place];
      input.setAttribute("aria-valuetext", labels[place]);
    };
    input.setAttribute("aria-label", name);
    input.addEventListener("input", () => { show(+input.value); moved(); });
    show(start);
    box.append(make("span", "", name), input, shown);
    return { box, show, place: () => +input.value };
  }

  // The recorded position that is nearest to what is asked for, and has the slider that was moved where it was moved to.
  function nearest(positions, wanted, moved) {
    const common = key => key.reduce((sum, place, i) => sum + (place === wanted[i]), 0);
    return positions.filter(key => key[moved] === wanted[moved]).reduce((best, key) => common(key) > common(best) ? key : best);
  }

  function start(root) {
    const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
    const palettes = Object.fromEntries(Object.entries(data.palettes).map(([name, text]) => [name, bytes(text)]));
    const positions = Object.keys(data.positions).map(key => key.split(",").map(Number)), tiles = [];
    const panels = make("div", "xh-panels"), said = make("div", "xh-said"), rows = make("div", "xh-controls");
    panels.setAttribute("role", "img");
    said.setAttribute("role", "status");

    const tile = number => tiles[number] ??= new Promise((done, failed) => {
      const image = new Image();
      image.onload = () => done(pixels(image));
      image.onerror = () => failed(new Error("xh-player: a recorded picture can't be read"));
      image.src = "data:image/webp;base64," + data.tiles[number];
    });
    const controls = data.controls.map((each, i) => slider(each.name, each.labels, each.start, () => move(i)));
    const percent = Array.from({ length: 21 }, (_, i) => (i / 20).toFixed(2));
    const overlay = slider("overlay", percent, Math.round(20 * data.alpha), () => draw());
    rows.append(...controls.map(each => each.box));
    if (Object.values(data.positions).some(each => each.panels.some(panel => panel[0] !== null && panel[1] !== null)))
      rows.append(overlay.box);

    function move(moved) {
      const found = nearest(positions, controls.map(each => each.place()), moved);
      controls.forEach((each, i) => each.show(found[i]));
      draw();
    }

    let latest = 0;
    async function draw() {
      const turn = ++latest, key = controls.map(each => each.place()).join(","), position = data.positions[key];
      const got = await Promise.all(position.panels.map(([picture, map]) =>
        Promise.all([picture, map].map(number => number === null ? null : tile(number)))));
      if (turn !== latest) return;
      while (panels.children.length > got.length) panels.lastChild.remove();
      while (panels.children.length < got.length) panels.append(make("canvas", ""));
      got.forEach(([picture, map], i) => {
        const name = position.panels[i][2];
        const image = drawn(picture, map, palettes[name], name === data.signed, overlay.place() / 20);
        const canvas = Object.assign(panels.children[i], { width: image.width, height: image.height });
        canvas.getContext("2d").putImageData(image, 0, 0);
      });
      panels.setAttribute("aria-label", position.alt);
      said.replaceChildren(...position.text.map(line => make("div", "", line)));
      root.dataset.shown = key;
    }

    root.querySelector(".xh-still").remove();
    root.prepend(rows, panels, said);
    draw();
  }

  for (const root of document.querySelectorAll(".xh-player:not([data-ready])")) {
    root.dataset.ready = "true";
    start(root);
  }
})();

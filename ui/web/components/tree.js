// The category tree: draws what Python sent and reports what the person did. It never changes the tree itself:
// Python answers every event with the true state, so a refused edit needs no undoing here.
//
// In:  { version, selected, heard, nodes: [[id, index of parent or -1, name, count, locked], ...] parents first }
// Out: event { seq, kind: "select" | "rename" | "move", version, id, name?, parent?, position? }
// `heard` is the seq that Python handled last. Data that answers an older event must not move the selection back.

const ROW_PX = 30;
const SELECT_AFTER_MS = 150; // holding an arrow key down selects once, where it stops
const OPEN_UP_TO = 40; // rows: a tree starts opened as many levels as fit into about one screen

const instances = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const host = parentElement.querySelector(".shelf-tree");
  let instance = instances.get(host);
  if (!instance) instances.set(host, (instance = create(host)));
  instance.send = (event) => setTriggerValue("event", event);
  instance.show(data);
}

function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

function create(host) {
  const box = host.querySelector("input");
  const none = host.querySelector(".shelf-none");
  const self = { send: null, show, data: null, drawn: "", seq: 0, timer: 0, ready: null };

  function emit(kind, fields) {
    clearTimeout(self.timer);
    self.seq = Math.max(self.seq, self.data.heard) + 1;
    self.send({ seq: self.seq, kind, version: self.data.version, ...fields });
  }

  const tree = new globalThis.mar10.Wunderbaum({
    element: host.querySelector(".shelf-rows"),
    source: [],
    debugLevel: 1,
    header: false,
    icon: false,
    rowHeightPx: ROW_PX,
    quicksearch: true,
    scrollIntoViewOnExpandClick: false,
    iconMap: { expanderExpanded: "shelf-open", expanderCollapsed: "shelf-closed", expanderLazy: "shelf-closed" },
    strings: { noData: "" },
    filter: { mode: "hide", autoExpand: true, hideExpanders: true, noData: false },
    tooltip: (e) => (e.node.data.locked ? `${e.node.title} (locked)` : e.node.title),
    render(e) {
      e.nodeElem.dataset.count = e.node.data.count.toLocaleString();
      e.nodeElem.classList.toggle("shelf-locked", e.node.data.locked);
      e.nodeElem.classList.toggle("shelf-empty", e.node.data.count === 0);
    },
    activate(e) {
      clearTimeout(self.timer);
      self.timer = setTimeout(() => emit("select", { id: e.node.key }), SELECT_AFTER_MS);
    },
    edit: {
      trigger: ["F2", "macEnter"],
      maxlength: 250,
      // Double click is started below: the library's own trigger is a slow second click, which surprises.
      beforeEdit: (e) => !e.node.data.locked,
      apply(e) {
        emit("rename", { id: e.node.key, name: e.newValue });
      },
    },
    click(e) {
      if (e.info.region === "title") e.node.setExpanded(true);
    },
    dblclick(e) {
      if (e.info.region === "title") {
        tree.extensions.edit.startEditTitle(e.node);
        return false;
      }
      return undefined;
    },
    dnd: {
      effectAllowed: "move",
      dropEffectDefault: "move",
      guessDropEffect: false,
      preventForeignNodes: true,
      preventNonNodes: true,
      dragStart: (e) => !e.node.data.locked,
      dragEnter: () => new Set(["over", "before", "after"]),
      drop: (e) => emit("move", place(e.sourceNode, e.node, e.suggestedDropMode)),
    },
  });

  function place(moved, target, mode) {
    if (mode === "appendChild") return { id: moved.key, parent: target.key, position: null };
    const siblings = target.parent.children.filter((node) => node !== moved);
    const position = siblings.indexOf(target) + (mode === "after" ? 1 : 0);
    return { id: moved.key, parent: target.parent.isRootNode() ? null : target.parent.key, position };
  }

  function filter() {
    const wanted = fold(box.value.trim());
    let hits = 1;
    if (wanted) hits = tree.filterNodes((node) => fold(node.title).includes(wanted), {});
    else {
      tree.clearFilter();
      tree.getActiveNode()?.makeVisible({ noAnimation: true });
    }
    none.hidden = hits > 0;
  }

  let typing = 0;
  box.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(filter, 120);
  });
  host.addEventListener("click", (event) => {
    const what = event.target.closest("button")?.dataset.do;
    if (what) tree.expandAll(what === "open", { loadLazy: false });
  });
  // Streamlit has one-letter shortcuts for the whole page; typing in the tree must not reach them.
  host.addEventListener("keydown", (event) => event.stopPropagation());

  function source(data, open) {
    const made = data.nodes.map(([key, parent, title, count, locked]) => ({
      key, title, count, locked: !!locked, parent, children: [], expanded: open.has(key),
    }));
    const top = [];
    for (const node of made) (node.parent < 0 ? top : made[node.parent].children).push(node);
    for (const node of made) {
      if (!node.children.length) delete node.children;
      delete node.parent;
    }
    return top;
  }

  function openKeys(data) {
    const open = new Set();
    if (!self.data) openAtFirst(data.nodes, open);
    tree.visit((node) => { if (node.expanded) open.add(node.key); });
    return open;
  }

  function openAtFirst(nodes, open) {
    const depths = [];
    for (const [, parent] of nodes) depths.push(parent < 0 ? 1 : depths[parent] + 1);
    const rows = (depth) => depths.filter((at) => at <= depth).length;
    const deepest = Math.max(0, ...depths);
    let depth = 1;
    while (depth < deepest && rows(depth + 1) <= OPEN_UP_TO) depth += 1;
    nodes.forEach(([key], at) => { if (depths[at] < depth) open.add(key); });
  }

  async function show(data) {
    await self.ready;
    const drawn = JSON.stringify([data.version, data.nodes]);
    // A node that is being renamed shows its new name before Python agreed: draw again after every answer.
    const answered = self.data && data.heard !== self.data.heard;
    const typingName = tree.extensions.edit.isEditingTitle();
    if (drawn !== self.drawn || (answered && !typingName)) {
      const open = openKeys(data);
      const top = tree.listContainerElement.parentElement.scrollTop;
      self.ready = tree.load(source(data, open));
      await self.ready;
      tree.listContainerElement.parentElement.scrollTop = top;
      self.drawn = drawn;
      if (box.value) filter();
    }
    const first = !self.data;
    self.data = data;
    if (first || data.heard >= self.seq) select(data.selected);
  }

  function select(key) {
    const node = key ? tree.findKey(key) : null;
    if (!node) {
      tree.getActiveNode()?.setActive(false, { noEvents: true });
    } else if (!node.isActive()) {
      node.makeVisible({ noAnimation: true });
      node.setActive(true, { noEvents: true, noFocus: true });
    }
  }

  self.ready = tree.ready;
  return self;
}

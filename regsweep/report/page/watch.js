// Loads the page anew, with everything as it was chosen: that stands in the address behind the #.
"use strict";
setTimeout(() => {
  dispatchEvent(new Event("remember"));
  location.reload();
}, Number(document.documentElement.dataset.seconds) * 1000);
